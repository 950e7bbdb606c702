"""Our own texts: a meeting in English and one in Czech, and readings of them."""

from tests.transcripts.fake_language import vectors_of
from transcripts.intelligence.extractive.reading import Reading
from transcripts.intelligence.source import read_text

MEETING = """\
Ruth: Good morning, can everybody hear me?
Omar: Yes, we can hear you fine.
Ruth: The first point is the bakery in Leeds. The ovens of the bakery arrived on Monday.
Omar: The ovens are installed, but the bakery has no gas connection yet, and the gas company is \
slow.
Ruth: Omar, please call the gas company today.
Omar: Sure, I'll call the gas company this afternoon.
Lena: When do we open the bakery?
Omar: The bakery opens on the third of March, if the gas connection is ready.
Ruth: Then we decide that the bakery opens on the third of March.
Lena: The next point is the delivery van. The delivery van broke down twice, and the repair of the \
delivery van cost 1,200 euros.
Omar: That is terrible, I am really angry about the repair.
Lena: I will send you two offers for a new delivery van by Friday.
Ruth: How much is a new delivery van?
Lena: A new delivery van is about thirty thousand euros.
Ruth: What happens with the old one?
Ruth: Thank you all, have a nice day.
"""
CZECH_MEETING = """\
Jana: Dobrý den, začneme.
Petr: První bod je pekárna v Brně. Pece do pekárny přivezli v pondělí.
Jana: Pece jsou zapojené, ale pekárna nemá přípojku plynu a plynárny jsou pomalé.
Petr: Jano, prosím zavolej dnes do plynáren.
Jana: Dobře, zavolám tam odpoledne.
Petr: Kdy pekárnu otevřeme?
Jana: Pekárnu otevřeme třetího března, pokud bude přípojka plynu hotová.
Petr: Rozhodli jsme tedy, že pekárnu otevřeme třetího března.
Jana: Další bod je dodávka. Dodávka se dvakrát rozbila a oprava dodávky stála 30 000 Kč.
Petr: Do pátku ti pošlu dvě nabídky na novou dodávku.
"""


def embed(texts: object) -> object:
    return vectors_of(list(texts))  # type: ignore[call-overload]


def reading(text: str = MEETING, *, language: str = "en") -> Reading:
    return Reading(read_text(text, language=language), embed=lambda texts: vectors_of(list(texts)))
