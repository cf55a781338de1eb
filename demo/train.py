"""Trains the demo model for a given time on one GPU, saves the checkpoint, and evaluates what was saved.

    train.py OUT_FOLDER --seconds 400 [--rows 256] [--length 512] [--cpu-smoke]
"""
import argparse, math, multiprocessing as mp, os, sys, time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
import model as demo, samples

HERE = os.path.dirname(os.path.abspath(__file__))
END_OF_TEXT = 4070
UNTAUGHT = 0.15          # weight of tokens that the model is not taught to write: they help it learn to copy

def produce(queue, seed, rows, length):
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    tokenizer = Tokenizer.from_file(f"{HERE}/checkpoint/tokenizer.json")
    while True:
        made = list(samples.rows(tokenizer, seed, rows, length, END_OF_TEXT)); seed += 1000
        queue.put((np.array([i for i, _ in made], np.int64), np.array([m for _, m in made], np.float32)))

def weighted(logits, targets, weights):
    loss = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
    return (loss * weights.flatten()).sum() / weights.sum().clamp(min=1)

def losses(m, ids, mask):
    w = mask + UNTAUGHT * (1 - mask)
    h = m.hidden(ids); head = m.lm.lm_head
    main = weighted(head(h[:, :-1]), ids[:, 1:], w[:, 1:])
    d1 = m.draft(ids[:, 1:-1], h[:, :-2])                       # row p sees token p+1, is taught token p+2
    first = weighted(head(d1), ids[:, 2:], w[:, 2:])
    d2 = m.draft(ids[:, 2:-1], d1[:, :-1])                      # fed with its own output, as the second draft is
    second = weighted(head(d2), ids[:, 3:], w[:, 3:])
    return main, first, second

def main():
    a = argparse.ArgumentParser(); a.add_argument("out"); a.add_argument("--seconds", type=float, default=400); a.add_argument("--rows", type=int, default=256)
    a.add_argument("--length", type=int, default=512); a.add_argument("--cpu-smoke", action="store_true"); a.add_argument("--start", help="checkpoint to go on from"); a.add_argument("--seed", type=int, default=100); a.add_argument("--rate", type=float, default=2.5e-3); o = a.parse_args()
    device = "cpu" if o.cpu_smoke else "cuda"
    torch.manual_seed(1); torch.backends.cuda.matmul.allow_tf32 = True
    queue = mp.Queue(8)
    workers = [mp.Process(target=produce, args=(queue, o.seed + i, o.rows, o.length), daemon=True) for i in range(2 if o.cpu_smoke else 8)]
    [w.start() for w in workers]
    m = demo.Trained()
    if o.start: demo.load(m, o.start)
    m = m.to(device)
    print("parameters", sum(p.numel() for p in m.parameters()) / 1e6, "M", flush=True)
    matrices = [p for n, p in m.named_parameters() if p.dim() > 1 and "conv1d" not in n and "embed" not in n]
    others = [p for n, p in m.named_parameters() if not (p.dim() > 1 and "conv1d" not in n and "embed" not in n)]
    opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}], lr=o.rate, betas=(0.9, 0.95), fused=device == "cuda")
    start = time.time(); step = 0; tokens = 0
    while True:
        done = (time.time() - start) / o.seconds
        if done >= 1: break
        rate = o.rate * min(1, (step + 1) / 60) * (1 if done < 0.3 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - 0.3) / 0.7)))
        for g in opt.param_groups: g["lr"] = rate
        ids, mask = queue.get()
        ids, mask = torch.from_numpy(ids).to(device, non_blocking=True), torch.from_numpy(mask).to(device, non_blocking=True)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=not o.cpu_smoke):
            lm, first, second = losses(m, ids, mask)
        (lm + 0.3 * first + 0.1 * second).backward()
        norm = torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        opt.step(); opt.zero_grad(set_to_none=True); step += 1; tokens += ids.numel()
        if step % 50 == 0 or step in (1, 5, 20):
            print(f"step {step} {time.time() - start:.0f}s loss {lm.item():.3f} drafts {first.item():.3f} {second.item():.3f} norm {norm.item():.2f} rate {rate:.1e} {tokens / (time.time() - start):.0f} tok/s", flush=True)
    [w.terminate() for w in workers]
    total = demo.save(m, o.out); print("saved", total / 1e6, "MB after", step, "steps,", tokens / 1e6, "M tokens", flush=True)

if __name__ == "__main__": main()
