"""Training and held-out samples as token ids with a mask of what is taught."""
import random
import chat, conversations, toolcalls

def sample(rng):
    r = rng.random()
    if r < 0.42: return chat.pieces(conversations.conversation(rng))
    if r < 0.95:
        messages, tools, _ = toolcalls.conversation(rng)
        return chat.pieces(messages, tools)
    return [(conversations.document(rng), True)]

def rows(tokenizer, seed, count, length, end_of_text):
    """`count` rows of `length` ids and masks, packed from samples; yields (ids, mask) lists."""
    rng = random.Random(seed); ids, mask = [], []
    made = 0
    while made < count:
        batch = [sample(rng) for _ in range(256)]
        flat = [t for s in batch for t, _ in s]
        encoded = iter(tokenizer.encode_batch(flat, add_special_tokens=False))
        for s in batch:
            i, m = [], []
            for _, taught in s:
                e = next(encoded).ids; i += e; m += [int(taught)] * len(e)
            i.append(end_of_text); m.append(int(s[-1][1]))
            if len(i) > length: continue
            if len(ids) + len(i) > length:
                pad = length - len(ids)
                yield ids + [end_of_text] * pad, mask + [0] * pad
                made += 1; ids, mask = [], []
                if made == count: return
            ids += i; mask += m
