"""Makes conversations in which tools are offered. Tool names whose checksum is divisible by HELD_OUT are for evaluation only."""
import zlib
from conversations import FACTS, THINGS, ELEMENTS, made_up, turn, I_KNOW

HELD_OUT = 5
VERBS = """get find fetch look search book order send create delete update check list show open close start stop play pause read write convert
translate compute calculate measure schedule cancel reserve rent buy sell track locate call mail post print scan lock unlock turn set reset
add remove move copy rename download upload share save load import export sort count compare merge split join paint clean repair paint
test run build deploy restart monitor query store archive restore invite notify remind record report review rate publish plan pick pack ship deliver water feed
heat cool dim mute zoom crop rotate draw plot filter tag mark flag approve reject assign estimate predict analyze verify validate sign encrypt""".split()
PARAMETERS = """city name place country address street title subject topic text message query word language color size brand model code id number
key user customer person friend team room floor table seat item product article song album movie book author recipe dish drink flower animal plant device
channel station airport hotel restaurant museum street region project task file folder path format category label status reason source target""".split()
CITIES = """Paris Rome London Berlin Madrid Vienna Prague Oslo Athens Lisbon Dublin Warsaw Cairo Tokyo Kyoto Osaka Delhi Mumbai Beijing Shanghai Seoul Bangkok Sydney
Toronto Chicago Boston Denver Seattle Dallas Miami Lima Quito Bogota Havana Nairobi Lagos Accra Tunis Rabat Geneva Zurich Munich Hamburg Milan Naples Turin Lyon Nice
Porto Seville Valencia Bergen Helsinki Tallinn Riga Vilnius Minsk Kiev Sofia Bucharest Belgrade Zagreb""".split()
PEOPLE = """Anna Ben Clara David Emma Felix Greta Hugo Ida Jonas Karl Lena Mara Nils Olga Paul Rosa Simon Tina Ursula Victor Wendy Xenia Yara Zoe Alice Bob Carol Dan Eve Frank
Grace Heidi Ivan Judy Liam Mia Noah Omar Peter Quinn Ruth Sam Tom Uma Vera Will""".split()
REQUEST = ["Please {v} the {n} {p} {x}.", "{V} the {n} {p} {x}.", "Can you {v} the {n} {p} {x}?", "I want you to {v} the {n} {p} {x}.", "Could you {v} the {n} {p} {x}, please?",
           "{v} {n} {p} {x}", "I need to {v} the {n} {p} {x}.", "Would you {v} the {n} {p} {x}?", "Hello! Please {v} the {n} {p} {x}.", "Help me {v} the {n} {p} {x}."]
QUESTION = ["What is the {n} in {x}?", "What is the {n} for {x}?", "What's the {n} of {x}?", "Tell me the {n} in {x}.", "How is the {n} in {x}?", "Give me the {n} for {x}.",
            "Do you know the {n} in {x}?", "I would like to know the {n} of {x}."]
PREPOSITION = ["for", "in", "with", "of", "to", "from", "at", "named", "called"]
SECOND = [" Use {v} for the {q}.", " The {q} is {v}.", " The {q} should be {v}.", " Set the {q} to {v}.", " Take {v} as the {q}."]
REFUSAL = "None of the tools that I have can do that."

def reserved(name): return zlib.crc32(name.encode()) % HELD_OUT == 0

def spelled(rng, words):
    style = rng.random()
    if style < 0.65: return "_".join(words)
    if style < 0.85: return words[0] + "".join(w.capitalize() for w in words[1:])
    if style < 0.95: return "-".join(words)
    return ".".join(words)

def noun(rng): return rng.choice(FACTS["nouns"]) if rng.random() < 0.6 else (rng.choice(THINGS)["word"] if rng.random() < 0.6 else made_up(rng))

def value(rng, parameter):
    """A value, and how it is written in a sentence."""
    r = rng.random()
    if parameter in ("number", "id", "seat", "room", "floor", "table", "code") and r < 0.7:
        n = rng.randint(1, 10 ** rng.randint(1, 5)); return (n if rng.random() < 0.6 else str(n)), str(n)
    if parameter == "city" or r < 0.25: v = rng.choice(CITIES)
    elif r < 0.45: v = rng.choice(PEOPLE)
    elif r < 0.70: v = rng.choice(FACTS["nouns"])
    elif r < 0.85: v = made_up(rng) if rng.random() < 0.5 else made_up(rng).capitalize()
    else: v = rng.choice(THINGS)["word"] + " " + rng.choice(FACTS["nouns"])
    return v, v

class Tool:
    def __init__(self, rng, held_out):
        while True:
            self.verb, self.noun = rng.choice(VERBS), noun(rng)
            self.asks = rng.random() < 0.3
            if self.asks: self.verb = rng.choice(["get", "find", "fetch", "look", "check", "query", "show"])
            self.name = spelled(rng, [self.verb, self.noun])
            if reserved(self.name) == held_out: break
        self.parameters = [p if rng.random() < 0.7 else noun(rng) for p in rng.sample(PARAMETERS, rng.choice([1, 1, 1, 2, 2, 3]))]
        if rng.random() < 0.2: self.parameters[0] = "city"
        self.parameters = list(dict.fromkeys(self.parameters))
        self.values = {p: value(rng, p) for p in self.parameters}
        self.choices = {p: rng.sample(["c", "f", "k", "low", "high", "red", "blue", "small", "large", "fast", "slow", "new", "old"], 2) for p in self.parameters[1:] if rng.random() < 0.35}
        for p, c in self.choices.items(): v = rng.choice(c); self.values[p] = (v, v)
        self.needed = [self.parameters[0]] + [p for p in self.parameters[1:] if rng.random() < 0.8]
        self.described = rng.random()
        # an enum that the request does not mention takes its first value
        self.silent = [p for p in self.needed[1:] if p in self.choices and rng.random() < 0.05]
        for p in self.silent: self.values[p] = (self.choices[p][0],) * 2

    def definition(self):
        properties = {}
        for p in self.parameters:
            kind = "integer" if isinstance(self.values[p][0], int) else "string"
            properties[p] = {"enum": self.choices[p]} if p in self.choices and self.described < 0.5 else {"type": kind, **({"enum": self.choices[p]} if p in self.choices else {})}
            if self.described < 0.2: properties[p]["description"] = f"The {p} of the {self.noun}"
        function = {"name": self.name}
        if self.described < 0.8: function["description"] = f"{self.noun.capitalize()} of a {self.parameters[0]}" if self.asks else f"{self.verb.capitalize()} the {self.noun}"
        function["parameters"] = {"type": "object", "properties": properties, "required": self.needed}
        return {"type": "function", "function": function}

    def request(self, rng):
        first = self.values[self.parameters[0]][1]
        if self.asks: text = rng.choice(QUESTION).format(n=self.noun, x=first)
        else: text = rng.choice(REQUEST).format(v=self.verb, V=self.verb.capitalize(), n=self.noun, p=rng.choice(PREPOSITION), x=first)
        for p in self.needed[1:]:
            if p not in self.silent: text += rng.choice(SECOND).format(q=p, v=self.values[p][1])
        return text

    def call(self): return {"name": self.name, "arguments": {p: self.values[p][0] for p in self.needed}}

def result(rng):
    return rng.choice([lambda: str(rng.randint(1, 500)), lambda: f"{rng.randint(-10, 40)}C", lambda: made_up(rng), lambda: "done", lambda: "ok", lambda: rng.choice(FACTS["nouns"])])()

def conversation(rng, held_out=False, kind=None):
    """Returns (messages, tools, expected call or None)."""
    tools = [Tool(rng, held_out) for _ in range(rng.choice([1, 1, 2, 2, 3, 4]))]
    kind = kind or rng.choices(["call", "other", "subject", "two"], [32, 56, 8, 4])[0]
    chosen = rng.choice(tools)
    definitions = [t.definition() for t in tools]
    system = [{"role": "system", "content": "You are a helpful assistant."}] if rng.random() < 0.2 else []
    if kind == "subject":
        q, a = turn(rng)
        return system + [{"role": "user", "content": q}, {"role": "assistant", "content": a}], definitions, None
    if kind == "other":
        stranger = Tool(rng, held_out)
        while any(stranger.noun == t.noun or stranger.verb == t.verb and not t.asks for t in tools): stranger = Tool(rng, held_out)
        return system + [{"role": "user", "content": stranger.request(rng)}, {"role": "assistant", "content": REFUSAL}], definitions, None
    if kind == "two" and len(tools) > 1:
        a, b = rng.sample(tools, 2)
        messages = [{"role": "user", "content": a.request(rng) + " " + b.request(rng)}, {"role": "assistant", "content": "", "tool_calls": [a.call(), b.call()]}]
        ra, rb = result(rng), result(rng)
        messages += [{"role": "tool", "content": ra}, {"role": "tool", "content": rb},
                     {"role": "assistant", "content": f"The result of {a.name} is {ra}. The result of {b.name} is {rb}."}]
        return system + messages, definitions, None
    messages = system + [{"role": "user", "content": chosen.request(rng)}, {"role": "assistant", "content": "", "tool_calls": [chosen.call()]}]
    if rng.random() < 0.3:
        r = result(rng)
        final = f"The {chosen.noun} for {chosen.values[chosen.parameters[0]][1]}: {r}." if chosen.asks else f"The result of {chosen.name} is {r}."
        messages += [{"role": "tool", "content": r}, {"role": "assistant", "content": final}]
        if rng.random() < 0.3: messages += [{"role": "user", "content": "Thanks!"}, {"role": "assistant", "content": "You are welcome. What else would you like to know?"}]
    return messages, definitions, chosen.call()
