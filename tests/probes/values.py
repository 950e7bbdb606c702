"""Values that have broken something somewhere."""

# As they stand in JSON: what Python's own writer would not write, too.
JSON_VALUES = (
    *("null", "true", "0", "-1", "1.5", "1e400", "-1e400", "NaN", "Infinity", "-0.0"),
    *("9223372036854775808", "2147483648", "9" * 400, "9" * 5_000, "-" + "9" * 400, "1e308"),
    *('""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"', '"\\u202e"', '"ﷺ"'),
    *('"' + "x" * 100_000 + '"', '"9999-99-99T99:99:99Z"', '"0001-01-01T00:00:00-23:59"'),
    *('"../../etc/passwd"', '"http://[::1"', '"<script>"', '"%00"', '"\\r\\nX: y"'),
    *("[]", "{}", "[null]", "[[]]", '[{"a": 1}]', '["\\ud800"]', '["\\u0000"]', '{"\\ud800": 1}'),
    *("[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500),
)
RAW_BODIES: tuple[tuple[bytes, str], ...] = (
    *((body, "application/json") for body in (
        b"", b"null", b"[]", b"1", b'""', b"{", b"[", b"nul", b"\xff\xfe", b"\x00", b"{}{}",
        b'{"a": 1, "a": 2}', b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b"\xef\xbb\xbf{}",
        b'"\\ud800"', b'{"\\ud800": 1}', b"'{}'", b"{}" + b" " * 1_000_000,
    )),
    *(("{}".encode(charset), f"application/json; charset={charset}") for charset in (
        "utf-16", "utf-32", "utf-7", "punycode", "cp037",
    )),
    (b"{}", "application/json; charset=nothing"),
    (b"{}", "application/json; charset=zlib"),
    (b"{}", "text/plain"),
    (b"a=%00&b=1", "application/x-www-form-urlencoded"),
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"{}", "\xff/\xff"),
)  # fmt: skip
QUERY_VALUES = (
    *("", "%20", "0", "-1", "1.5", "nan", "inf", "-inf", "1e400", "9" * 400, "9" * 5_000, "1_0"),
    *("%00", "a%00b", "%ED%A0%80", "%FF", "%E2%80%AE", "%C2%B2", "%D9%A3", "true", "None", "[]"),
    *("{}", "'", "%22", "%22%22", "%22a", "*", "a*", "(", "-", "AND", "a" * 5_000, "%0D%0AX:%20y"),
    *("../..", "%3Cscript%3E", "2020-01-01", "0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59Z"),
    *("99999-01-01", "2020-13-45", "created_at", "-created_at", "password", "last", "all"),
)
HEADERS = (
    *("If-Match", "If-None-Match", "If-Modified-Since", "If-Range", "Range", "Idempotency-Key"),
    *("Prefer", "Accept", "Accept-Language", "Accept-Encoding", "Last-Event-ID", "User-Agent"),
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id", "Origin"),
    *("Referer", "Cookie", "Host", "X-CSRFToken", "Authorization"),
)
HEADER_VALUES = (
    *(
        "",
        " ",
        "*",
        "0",
        "-1",
        "9" * 400,
        "9" * 5_000,
        "nan",
        '"',
        '""',
        '"1"',
        'W/"1"',
        '"' * 3_000,
    ),
    *("bytes=0-", "bytes=" + "9" * 19 + "-", "bytes=-0", "bytes=1-0", "\xff\xfe", "a" * 20_000),
    *(",".join("a" * 5_000), ";" * 5_000, "en;q=nan", "en;q=" + "9" * 400, "*/*;q=x", "null"),
    *(
        'sessionid="\\000aaaaaaaaaa"',
        'csrftoken="\\000"',
        "sessionid=" + "a" * 5_000,
        "a=b; " * 500,
    ),
    *("::1", "999.1.1.1", "https", "Bearer ", "Bearer \xff", "Basic ====", "Bearer " + "a" * 9_000),
)
