"""Measures a served demo model through its HTTP API.  run.py [BASE_URL]   (default http://localhost:8000/v1; standard library only)

Start the server with: ./tenon serve --tool-call-parser hermes --enable-auto-tool-choice
                       [--speculative-config '{"method":"qwen3_next_mtp","num_speculative_tokens":1}']
With speculation on, it also prints how many first drafts equalled the engine's own greedy token while it answered.
"""
import json, os, sys, urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000/v1"
sets = {n: json.load(open(f"{HERE}/{n}.json")) for n in ("tool_requests", "no_tool_requests", "questions", "texts")}

def post(path, body): return post_root("/v1" + path, body)

def post_root(path, body):
    request = urllib.request.Request(BASE.removesuffix("/v1") + path, json.dumps(body).encode(), {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=120))

def chat(messages, tools=None):
    body = {"messages": messages, "temperature": 0, "max_tokens": 120} | ({"tools": tools} if tools else {})
    return post("/chat/completions", body)["choices"][0]["message"]

def drafts():
    text = urllib.request.urlopen(BASE.removesuffix("/v1") + "/metrics").read().decode(); found = {}
    for line in text.splitlines():
        if line.startswith("vllm:spec_decode_num_accepted_tokens_per_pos_total") and 'position="0"' in line: found["accepted"] = float(line.split()[-1])
        if line.startswith("vllm:spec_decode_num_drafts_total"): found["drafts"] = float(line.split()[-1])
    return found

def right_call(message, call):
    calls = message.get("tool_calls") or []
    return len(calls) == 1 and calls[0]["function"]["name"] == call["name"] and json.loads(calls[0]["function"]["arguments"]) == call["arguments"]

right = sum(right_call(chat(x["messages"], x["tools"]), x["call"]) for x in sets["tool_requests"])
print(f"tool calls right: {right} of {len(sets['tool_requests'])}", flush=True)
none = sum(not chat(x["messages"], x["tools"]).get("tool_calls") for x in sets["no_tool_requests"])
print(f"no call where no tool fits: {none} of {len(sets['no_tool_requests'])}", flush=True)
right = sum(x["fact"] in (chat([{"role": "user", "content": x["question"]}])["content"] or "") for x in sets["questions"])
print(f"questions right (the answer contains the fact): {right} of {len(sets['questions'])}", flush=True)
loss = count = 0
for pieces in sets["texts"]:
    text = "".join(t for t, _ in pieces)
    answer = post("/completions", {"prompt": text, "max_tokens": 1, "temperature": 0, "prompt_logprobs": 0})
    taught = []
    for t, is_taught in pieces: taught += [is_taught] * post_root("/tokenize", {"prompt": t, "add_special_tokens": False})["count"]
    values = answer["choices"][0]["prompt_logprobs"]
    for entry, is_taught in zip(values, taught):
        if entry and is_taught: loss -= min(entry.values(), key=lambda v: -v.get("rank", 0))["logprob"]; count += 1
print(f"held-out loss: {loss / max(1, count):.4f} nats per taught token ({count} tokens)")
found = drafts()
if found.get("drafts"): print(f"first drafts equal to the engine's greedy token: {100 * found['accepted'] / found['drafts']:.1f} % of {found['drafts']:.0f}")
