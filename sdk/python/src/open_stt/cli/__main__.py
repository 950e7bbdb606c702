from open_stt.cli.main import main

main()
