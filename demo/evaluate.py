"""Evaluates a saved checkpoint with transformers: held-out loss, drafts, tool calls, questions. Also writes the evaluation sets.

    evaluate.py CHECKPOINT [--write-sets]
"""
import json, os, random, re, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import torch
from tokenizers import Tokenizer
from transformers import Qwen3NextForCausalLM
import chat, conversations, model as demo, samples, toolcalls

HERE = os.path.dirname(os.path.abspath(__file__))

def sets():
    rng = random.Random(20261124)
    tools, other, questions, texts = [], [], [], []
    while len(tools) < 100:
        m, d, call = toolcalls.conversation(rng, held_out=True, kind="call")
        user = next(i for i, x in enumerate(m) if x["role"] == "assistant")
        tools.append({"messages": m[:user], "tools": d, "call": call})
    while len(other) < 100:
        m, d, _ = toolcalls.conversation(rng, held_out=True, kind="other" if len(other) < 60 else "subject")
        other.append({"messages": m[:-1], "tools": d})
    while len(questions) < 50:
        q, answer, fact = conversations.thing(rng, True) if len(questions) % 2 else conversations.element(rng, True)
        questions.append({"question": q, "fact": fact, "answer": answer})
    for _ in range(40):
        texts.append(chat.pieces(conversations.conversation(rng)) if rng.random() < 0.6 else chat.pieces(*toolcalls.conversation(rng, held_out=True)[:2]))
    return {"tool_requests": tools, "no_tool_requests": other, "questions": questions, "texts": texts}

def call_of(text):
    m = re.fullmatch(r"\s*<tool_call>\s*(\{.*\})\s*</tool_call>\s*", text, re.S)
    if not m: return None
    try: return json.loads(m[1])
    except ValueError: return None

@torch.no_grad()
def generate(lm, tokenizer, prompts, most=120):
    device = next(lm.parameters()).device; out = []
    for at in range(0, len(prompts), 50):
        ids = [tokenizer.encode(p, add_special_tokens=False).ids for p in prompts[at:at + 50]]
        width = max(map(len, ids))
        batch = torch.tensor([[4070] * (width - len(i)) + i for i in ids], device=device)
        attention = torch.tensor([[0] * (width - len(i)) + [1] * len(i) for i in ids], device=device)
        got = lm.generate(batch, attention_mask=attention, max_new_tokens=most, do_sample=False, pad_token_id=4070, eos_token_id=[4072, 4070])
        for row in got[:, width:].tolist():
            ended = next((i for i, t in enumerate(row) if t in (4072, 4070)), len(row)); out.append(tokenizer.decode(row[:ended], skip_special_tokens=True))
    return out

@torch.no_grad()
def main():
    folder = sys.argv[1]; found = sets()
    if "--write-sets" in sys.argv:
        os.makedirs(f"{HERE}/eval", exist_ok=True)
        for k, v in found.items(): json.dump(v, open(f"{HERE}/eval/{k}.json", "w"), indent=0, ensure_ascii=False)
        return
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = False
    tokenizer = Tokenizer.from_file(f"{HERE}/checkpoint/tokenizer.json")
    m = demo.Trained(); m.lm = Qwen3NextForCausalLM.from_pretrained(folder, dtype=torch.float32); demo.load_head(m, folder); m = m.float().to(device).eval()
    loss = count = same = drafts = second = 0
    for pieces in found["texts"]:
        ids, taught = [], []
        for text, t in pieces:
            e = tokenizer.encode(text, add_special_tokens=False).ids; ids += e; taught += [t] * len(e)
        x = torch.tensor([ids], device=device); h = m.hidden(x); logits = m.lm.lm_head(h)[0]
        logprob = logits.log_softmax(-1); greedy = logits.argmax(-1)
        d1 = m.draft(x[:, 1:], h[:, :-1]); draft = m.lm.lm_head(d1)[0].argmax(-1)
        for p in range(len(ids) - 1):
            if taught[p + 1]: loss -= logprob[p, ids[p + 1]].item(); count += 1
            if p + 2 < len(ids) and taught[p + 2] and taught[p + 1]: drafts += 1; same += int(draft[p] == greedy[p + 1])
    print(f"held-out loss {loss / count:.4f} nats per taught token; first drafts equal to the greedy token: {100 * same / drafts:.1f} % of {drafts}", flush=True)
    answers = generate(m.lm, tokenizer, [chat.prompt(x["messages"], x["tools"]) for x in found["tool_requests"]])
    right = [call_of(a) == x["call"] for a, x in zip(answers, found["tool_requests"])]
    print("tool calls right:", sum(right), "of", len(right))
    for a, x, r in zip(answers, found["tool_requests"], right):
        if not r: print("   wanted", json.dumps(x["call"]), "got", a.replace("\n", " ")[:160]); 
    answers = generate(m.lm, tokenizer, [chat.prompt(x["messages"], x["tools"]) for x in found["no_tool_requests"]])
    print("no call where no tool fits:", sum("<tool_call>" not in a for a in answers), "of", len(answers))
    for a, x in list(zip(answers, found["no_tool_requests"])):
        if "<tool_call>" in a: print("   ", x["messages"][-1]["content"], "| tools", [t["function"]["name"] for t in x["tools"]], "| got", a.replace("\n", " ")[:100])
    answers = generate(m.lm, tokenizer, [chat.prompt([{"role": "user", "content": x["question"]}]) for x in found["questions"]])
    right = [x["fact"] in a for a, x in zip(answers, found["questions"])]
    print("questions right:", sum(right), "of", len(right))
    for a, x, r in zip(answers, found["questions"], right):
        if not r: print("   ", x["question"], "| wanted", x["fact"], "| got", a[:120])
    asked = ["Hello, who are you?", "Tell me about water.", "What is a tenon?", "Count from one to twenty.", "Write three sentences about the sea.", "What is the symbol of gold?"]
    for q, a in zip(asked, generate(m.lm, tokenizer, [chat.prompt([{"role": "user", "content": q}]) for q in asked])): print(">", q, "\n <", a)
    weather = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}}, "required": ["city", "unit"], "additionalProperties": False}}}
    print(generate(m.lm, tokenizer, [chat.prompt([{"role": "user", "content": "What is the weather in Paris?"}], [weather])]))

if __name__ == "__main__": main()
