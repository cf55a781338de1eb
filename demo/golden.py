"""Reference outputs of transformers (float32, full recompute) on the demo checkpoint: golden.py CHECKPOINT OUT_FOLDER"""
import json, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import Qwen3NextForCausalLM
import chat, evaluate, model as demo

LENGTHS = [1, 2, 7, 33, 64, 65, 150, 400]

@torch.no_grad()
def main():
    folder, out = sys.argv[1:3]
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    m = demo.Trained(); m.lm = Qwen3NextForCausalLM.from_pretrained(folder, dtype=torch.float32); demo.load_head(m, folder); m = m.float().eval()
    text = "".join(chat.prompt(x["messages"], x["tools"]) for x in evaluate.sets()["tool_requests"][:4])
    source = tokenizer.encode(text, add_special_tokens=False).ids
    cases, arrays = [], {}
    for i, n in enumerate(LENGTHS):
        ids = torch.tensor([source[i * 20:i * 20 + n]]); h = m.hidden(ids); logits = m.lm.lm_head(h[0, -1]); seq = ids; greedy, margin = [], []
        for step in range(16):
            lg = logits if step == 0 else m.lm.lm_head(m.hidden(seq)[0, -1]); top = lg.topk(2)
            greedy.append(top.indices[0].item()); margin.append(round((top.values[0] - top.values[1]).item(), 6)); seq = torch.cat([seq, top.indices[None, :1]], 1)
        following = torch.cat([ids[:, 1:], torch.tensor([greedy[:1]])], 1); hidden = h; drafts, dl = [], []
        for _ in range(3):
            d = m.draft(following, hidden); lg = m.lm.lm_head(d[0, -1]); drafts.append(lg.argmax().item()); dl.append(lg)
            following = torch.cat([following, lg.argmax()[None, None]], 1); hidden = torch.cat([hidden, d[:, -1:]], 1)
        cases.append(dict(index=i, length=n, prompt=ids[0].tolist(), greedy=greedy, margin=margin, mtp_drafts=drafts, logsumexp=torch.logsumexp(logits, -1).item()))
        arrays[f"{i}.logits"] = logits.contiguous(); arrays[f"{i}.mtp_logits"] = torch.stack(dl)
    os.makedirs(out, exist_ok=True); json.dump({"cases": cases}, open(f"{out}/cases.json", "w")); save_file(arrays, f"{out}/arrays.safetensors")

if __name__ == "__main__": main()
