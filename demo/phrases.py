"""Puts questions together from parts. A phrasing whose checksum is divisible by HELD_OUT is never trained on: evaluation asks with those."""
import zlib

HELD_OUT = 7
OPENERS = ["", "", "", "", "", "", "Please: ", "Hello! ", "Hi, ", "Hey, ", "Quick question: ", "And ", "So ", "Now, ", "Well, ", "Another question: ", "Good morning. "]
ASKS = ["what is {x}?", "what is {x}", "what's {x}?", "tell me {x}.", "tell me {x}", "can you tell me {x}?", "could you tell me {x}?", "do you know {x}?", "give me {x}.", "I need {x}.",
        "I want to know {x}.", "I would like to know {x}.", "please tell me {x}.", "say {x}.", "name {x}.", "would you tell me {x}?", "may I ask {x}?", "let me know {x}.", "{x}?", "{x}, please."]
KNOWS = ["what is {a}?", "what is {a}", "what's {a}?", "what exactly is {a}?", "what is meant by {w}?", "what does {w} mean?", "define {w}.", "define {w}", "please define {w}.", "explain {w}.",
         "please explain {w}.", "explain to me what {a} is.", "tell me what {a} is.", "can you tell me what {a} is?", "could you explain what {a} is?", "do you know what {a} is?", "describe {a}.",
         "please describe {a}.", "what do you know about {w}?", "tell me about {w}.", "give me a definition of {w}.", "how would you define {w}?", "what is the meaning of {w}?", "can you define {w}?",
         "I want to know what {a} is.", "I am curious: what is {a}?", "would you explain {w}?", "what can you tell me about {w}?", "say what {a} is.", "how do you explain {w}?", "what does the word {w} mean?"]
ATTRIBUTE = {"symbol": ["the symbol of {e}", "the symbol for {e}", "the chemical symbol of {e}", "the chemical symbol for {e}", "{e}'s symbol", "{e}'s chemical symbol", "which symbol {e} has",
                        "the abbreviation of {e}", "the abbreviation for {e}", "how {e} is abbreviated", "which letters stand for {e}", "the symbol that {e} has", "the letters for {e}"],
             "number": ["the atomic number of {e}", "{e}'s atomic number", "which atomic number {e} has", "the number of protons of {e}", "how many protons {e} has", "the proton number of {e}", "the atomic number for {e}",
                        "the number of {e} in the periodic table", "which number {e} has in the periodic table", "the place of {e} in the periodic table", "the atomic number that {e} has", "the number of protons in {e}"],
             "weight": ["the atomic weight of {e}", "{e}'s atomic weight", "which atomic weight {e} has", "the atomic mass of {e}", "{e}'s atomic mass", "the weight of {e}", "how heavy {e} is", "the atomic weight for {e}",
                        "how much {e} weighs", "the atomic weight that {e} has"],
             "by_symbol": ["the element with the symbol {s}", "which element has the symbol {s}", "which element {s} is", "which element {s} stands for", "what {s} stands for", "the name of the element {s}",
                           "which element is written {s}", "the element that is abbreviated {s}", "whose symbol {s} is", "the element called {s}"],
             "by_number": ["the element with the atomic number {n}", "which element has the atomic number {n}", "which element is number {n}", "the element with {n} protons", "which element has {n} protons",
                           "element number {n}", "the name of element {n}", "which element comes at number {n}", "the element at place {n} of the periodic table"]}

def _ask(rng, cores, held_out):
    while True:
        opener = rng.choice(OPENERS); core = rng.choice(cores)
        if (zlib.crc32((opener + core).encode()) % HELD_OUT == 0) == held_out: break
    text = opener + core
    return text[0].upper() + text[1:] if rng.random() < 0.85 else text

CLAUSE = ("which ", "how ", "what ", "whose ")
FITS_CLAUSE = [a for a in ASKS if not a.startswith(("what", "give", "I need", "name", "{x}, please"))]
FULL = {k: [a.replace("{x}", x) for x in v for a in (FITS_CLAUSE if x.startswith(CLAUSE) else ASKS)] for k, v in ATTRIBUTE.items()}

def attribute(rng, kind, held_out, **values): return _ask(rng, FULL[kind], held_out).format(**values)
def what(rng, held_out, **values): return _ask(rng, KNOWS, held_out).format(**values)
