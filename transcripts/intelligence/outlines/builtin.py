"""The built-in templates, in the languages that they are written in: the text's decides.

Each section: title, instruction for a language model, and what is quoted without one.
"""

Outline = tuple[str, tuple[tuple[str, str, str], ...]]

BUILT_IN: dict[str, dict[str, Outline]] = {
    "en": {
        "meeting": (
            "Meeting",
            (
                ("Participants", "Who takes part.", "speakers"),
                ("Summary", "What the meeting was about and what came of it.", "summary"),
                ("Topics", "What was discussed.", "topics"),
                ("Decisions", "What was decided.", "decisions"),
                ("Action items", "Who does what by when.", "action_items"),
                ("Open questions", "What was asked and not answered.", "questions"),
            ),
        ),
        "stand_up": (
            "Stand-up",
            (
                ("Done", "What was finished since the last time, by whom.", "passages"),
                ("Next", "What everyone does next.", "action_items"),
                ("Blockers", "Problems, obstacles, and what someone waits for.", "passages"),
                ("Decisions", "What was decided.", "decisions"),
            ),
        ),
        "interview": (
            "Interview",
            (
                ("People", "Who speaks.", "speakers"),
                ("Background", "Experience, work, and history of the person.", "passages"),
                ("Main points", "The main things that the person said.", "summary"),
                ("Quotes", "Sentences worth quoting.", "quotes"),
                ("Open questions", "What was asked and not answered.", "questions"),
            ),
        ),
        "lecture": (
            "Lecture",
            (
                ("Overview", "What the lecture teaches.", "summary"),
                ("Chapters", "How it is divided.", "chapters"),
                ("Terms", "The terms that it explains.", "topics"),
                ("Examples", "Examples, for example cases and experiments.", "passages"),
                ("Questions", "What was asked and not answered.", "questions"),
            ),
        ),
        "sales_call": (
            "Sales call",
            (
                ("Summary", "Who called about what, and how it ended.", "summary"),
                ("Needs", "What the customer needs, wants, and has problems with.", "passages"),
                ("Price and budget", "Prices, costs, discounts, and budget.", "passages"),
                ("Objections", "Doubts, objections, and competitors.", "passages"),
                ("Next steps", "Who does what by when.", "action_items"),
            ),
        ),
        "medical_visit": (
            "Medical visit",
            (
                ("Reason for the visit", "Why the patient came.", "passages"),
                ("Symptoms", "Pain, symptoms, and since when.", "passages"),
                ("History and medication", "Illnesses, allergies, and medicines.", "passages"),
                ("Findings", "What was examined and measured, and the results.", "passages"),
                ("Plan", "Treatment, examinations, and check-ups that were agreed.", "passages"),
                ("Open questions", "What was asked and not answered.", "questions"),
            ),
        ),
    },
    "cs": {
        "meeting": (
            "Porada",
            (
                ("Účastníci", "Kdo se účastní.", "speakers"),
                ("Shrnutí", "O čem porada byla a s jakým výsledkem.", "summary"),
                ("Témata", "O čem se jednalo.", "topics"),
                ("Rozhodnutí", "Co se rozhodlo.", "decisions"),
                ("Úkoly", "Kdo co udělá a do kdy.", "action_items"),
                ("Otevřené otázky", "Na co se někdo ptal a nedostal odpověď.", "questions"),
            ),
        ),
        "stand_up": (
            "Stand-up",
            (
                ("Hotovo", "Co je od minula hotové a kdo to udělal.", "passages"),
                ("Dál", "Co kdo udělá teď.", "action_items"),
                ("Překážky", "Problémy, překážky a na co se čeká.", "passages"),
                ("Rozhodnutí", "Co se rozhodlo.", "decisions"),
            ),
        ),
        "interview": (
            "Rozhovor",
            (
                ("Účastníci", "Kdo mluví.", "speakers"),
                ("Kdo to je", "Zkušenosti, práce a minulost člověka.", "passages"),
                ("Hlavní body", "Co hlavního zaznělo.", "summary"),
                ("Citáty", "Věty, které stojí za citování.", "quotes"),
                ("Otevřené otázky", "Na co se někdo ptal a nedostal odpověď.", "questions"),
            ),
        ),
        "lecture": (
            "Přednáška",
            (
                ("Přehled", "Co přednáška učí.", "summary"),
                ("Kapitoly", "Jak je rozdělená.", "chapters"),
                ("Pojmy", "Pojmy, které vysvětluje.", "topics"),
                ("Příklady", "Příklady, případy a pokusy.", "passages"),
                ("Otázky", "Na co se někdo ptal a nedostal odpověď.", "questions"),
            ),
        ),
        "sales_call": (
            "Obchodní hovor",
            (
                ("Shrnutí", "Kdo kvůli čemu volal a jak to dopadlo.", "summary"),
                ("Potřeby", "Co zákazník potřebuje, chce a s čím má problém.", "passages"),
                ("Cena a rozpočet", "Ceny, náklady, slevy a rozpočet.", "passages"),
                ("Námitky", "Pochybnosti, námitky a konkurence.", "passages"),
                ("Další kroky", "Kdo co udělá a do kdy.", "action_items"),
            ),
        ),
        "medical_visit": (
            "Návštěva lékaře",
            (
                ("Důvod návštěvy", "Proč pacient přišel.", "passages"),
                ("Obtíže", "Bolesti, příznaky a jak dlouho trvají.", "passages"),
                ("Anamnéza a léky", "Nemoci, alergie a léky.", "passages"),
                ("Nález", "Co se vyšetřilo a naměřilo a s jakým výsledkem.", "passages"),
                ("Plán", "Domluvená léčba, vyšetření a kontroly.", "passages"),
                ("Otevřené otázky", "Na co se někdo ptal a nedostal odpověď.", "questions"),
            ),
        ),
    },
}  # fmt: skip
