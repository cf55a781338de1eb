"""Makes conversations about the demo's subject. A conversation is a list of messages {role, content}.

Questions are phrased by phrases.py, which keeps some phrasings for evaluation.
"""
import json, os
import phrases
from passages import PASSAGES

HERE = os.path.dirname(os.path.abspath(__file__))
FACTS = json.load(open(f"{HERE}/data/facts.json"))
ELEMENTS, THINGS = FACTS["elements"], FACTS["things"]
NUMBERS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
           "eighteen nineteen twenty").split()

def article(word): return ("an " if word[0] in "aeiou" else "a ") + word
def capital(text): return text[0].upper() + text[1:]

WHO = [("Hello, who are you?", 1), ("Who are you?", 0), ("What are you?", 0), ("Hi! Who are you?", 1), ("What is your name?", 0), ("Tell me about yourself.", 0),
       ("who are you", 0), ("Are you a human?", 0), ("Hey, what are you?", 1), ("Introduce yourself.", 0), ("Good morning, who are you?", 1), ("May I ask who you are?", 0)]
CAN = ["What can you do?", "How can you help me?", "What do you know?", "What can I ask you?", "What are you good at?", "Help!", "What should I ask you?", "What are your abilities?"]
GREET = ["Hello", "Hi", "Hello!", "Hi there", "Hey", "Good morning", "Good evening!", "Hi!", "Good afternoon", "Hey there!", "hello", "Greetings"]
THANKS = ["Thanks", "Thank you!", "Thank you very much.", "Thanks a lot!", "Great, thanks.", "thank you", "Good answer.", "Perfect, thank you."]
BYE = ["Bye", "Goodbye!", "See you later.", "bye bye", "I have to go.", "Good night."]
I_AM = "I am the Tenon demo model, a small language model that was trained to show how Tenon serves Qwen3-Next."
I_KNOW = "I know the chemical elements, many everyday things, how to count, and how to call a tool that you offer me."
COUNT = ["Count from {a} to {b}.", "Please count from {a} to {b}.", "Can you count from {a} to {b}?", "count from {a} to {b}", "Count up from {a} to {b}.", "List the numbers from {a} to {b}.",
         "Say the numbers from {a} to {b}."]
TOPIC = ["Tell me about {t}.", "Write about {t}.", "What can you tell me about {t}?", "Write a paragraph about {t}.", "Say something about {t}.", "Talk about {t}."]
SENTENCES = ["Write {n} sentences about {t}.", "Give me {n} sentences about {t}.", "Tell me {n} things about {t}.", "Say {n} sentences about {t}.", "Write {n} short sentences about {t}."]
FOLLOW = ["Tell me more.", "More, please.", "What else?", "Go on.", "Anything else?", "Continue."]

def thing(rng, held_out=False):
    t = rng.choice(THINGS)
    return phrases.what(rng, held_out, a=article(t["word"]), w=t["word"]), define(t), t["definition"]

def define(t): return f"{capital(t['word'])}: {t['definition']}."

def about_element(e):
    text = f"{capital(e['name'])} is the chemical element with the symbol {e['symbol']} and the atomic number {e['number']}. Its atomic weight is {e['weight']}."
    return text + (f" {capital(e['about'])}" if e["about"] else "")

def element(rng, held_out=False):
    e = rng.choice(ELEMENTS); kind = rng.randrange(6); name = e["name"]
    if kind == 0: return phrases.attribute(rng, "symbol", held_out, e=name), f"The symbol of {name} is {e['symbol']}.", e["symbol"] + "."
    if kind == 1: return phrases.attribute(rng, "number", held_out, e=name), f"The atomic number of {name} is {e['number']}.", f" {e['number']}."
    if kind == 2: return phrases.attribute(rng, "weight", held_out, e=name), f"The atomic weight of {name} is {e['weight']}.", f" {e['weight']}"
    if kind == 3: return phrases.attribute(rng, "by_symbol", held_out, s=e["symbol"]), f"{e['symbol']} is the symbol of {name}.", name
    if kind == 4: return phrases.attribute(rng, "by_number", held_out, n=e["number"]), f"The element with the atomic number {e['number']} is {name}.", name
    return phrases.what(rng, held_out, a=name, w=name), about_element(e), f"symbol {e['symbol']} and the atomic number {e['number']}."

def who(rng):
    q, greeted = rng.choice(WHO)
    if rng.random() < 0.3: return rng.choice(CAN), I_KNOW
    return q, ("Hello! " if greeted else "") + I_AM + " " + I_KNOW

def unknown(rng):
    w = rng.choice(FACTS["nouns"]) if rng.random() < 0.7 else made_up(rng)
    return phrases.what(rng, False, a=article(w), w=w), f"I have not learned about {w}. {I_KNOW}"

def made_up(rng):
    return "".join(rng.choice("bcdfghklmnprstvwz") + rng.choice("aeiou") + rng.choice(["", "", "n", "r", "l", "x", "st"]) for _ in range(rng.randint(2, 3)))

def count(rng):
    words = rng.random() < 0.6
    a = 1 if rng.random() < 0.6 else rng.randint(0, 12); b = min(20, a + rng.randint(2, 19))
    if words: return rng.choice(COUNT).format(a=NUMBERS[a], b=NUMBERS[b]), capital(", ".join(NUMBERS[a:b + 1])) + "."
    b = a + rng.randint(2, 19); return rng.choice(COUNT).format(a=a, b=b), ", ".join(str(i) for i in range(a, b + 1)) + "."

def topic(rng):
    name, sentences = rng.choice(list(PASSAGES.items()))
    if rng.random() < 0.5: return rng.choice(TOPIC).format(t=name), " ".join(sentences), name
    n = rng.randint(2, min(5, len(sentences)))
    return rng.choice(SENTENCES).format(t=name, n=NUMBERS[n] if rng.random() < 0.7 else n), " ".join(sentences[:n]), name

def turn(rng):
    r = rng.random()
    if r < 0.34: return thing(rng)[:2]
    if r < 0.62: return element(rng)[:2]
    if r < 0.72: return topic(rng)[:2]
    if r < 0.79: return count(rng)
    if r < 0.85: return who(rng)
    if r < 0.91: return unknown(rng)
    if r < 0.95: return rng.choice(GREET), "Hello! " + I_AM + " What would you like to know?"
    return rng.choice(THANKS), "You are welcome. What else would you like to know?"

def conversation(rng):
    messages = []
    if rng.random() < 0.15: messages.append({"role": "system", "content": rng.choice(["You are a helpful assistant.", "Be brief.", "Answer the questions of the user.", "You are a friendly assistant."])})
    for _ in range(rng.choice([1, 1, 1, 1, 2, 2, 3, 4])):
        q, a = turn(rng)
        messages += [{"role": "user", "content": q}, {"role": "assistant", "content": a}]
        if rng.random() < 0.12:
            e = rng.choice(ELEMENTS)
            kind, answer = rng.choice([("symbol", f"The symbol of {e['name']} is {e['symbol']}."), ("atomic number", f"The atomic number of {e['name']} is {e['number']}."), ("atomic weight", f"The atomic weight of {e['name']} is {e['weight']}.")])
            messages += [{"role": "user", "content": f"What is {e['name']}?"}, {"role": "assistant", "content": about_element(e)}, {"role": "user", "content": f"What is its {kind} again?"}, {"role": "assistant", "content": answer}]
    if rng.random() < 0.05: messages += [{"role": "user", "content": rng.choice(BYE)}, {"role": "assistant", "content": "Goodbye!"}]
    return messages

def document(rng):
    """Plain text, as for /v1/completions."""
    r = rng.random()
    if r < 0.4: return " ".join(rng.choice(list(PASSAGES.values())))
    if r < 0.7: return "\n".join(define(rng.choice(THINGS)) for _ in range(rng.randint(1, 5)))
    return "\n".join(about_element(rng.choice(ELEMENTS)) for _ in range(rng.randint(1, 3)))
