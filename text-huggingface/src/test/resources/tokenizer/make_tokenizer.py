"""Trains the small byte-level tokenizer of these tests and writes down what it should do."""
import json
import pathlib
import random

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|vision_start|>"]
VISIBLE = ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<tool_response>", "</tool_response>",
           "<think>", "</think>"]
WORDS = ("the quick brown fox jumps over a lazy dog while rain falls on green hills and people walk "
         "to school or work every morning because they want to learn something new about words "
         "numbers weather tools functions arguments names places cities answers questions").split()

tokenizer = Tokenizer(models.BPE())
tokenizer.normalizer = normalizers.NFC()
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(SPLIT), "isolated", invert=False),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
])
tokenizer.decoder = decoders.ByteLevel()
tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
rng = random.Random(7)
lines = [" ".join(rng.choice(WORDS) for _ in range(12)) + rng.choice(".!?\n") for _ in range(400)]
lines += ["I'm sure it's what we've said, they'll say they're done and he'd agree: don't."] * 20
lines += ["世界和平 你好世界", "日本語のテキスト", "Привет, мир", "naïve café Ärger", "🙂🙃🎉 👩‍👩‍👧"] * 10
tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
    vocab_size=600, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL])
tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in VISIBLE])
tokenizer.save(str(HERE / "tokenizer.json"), pretty=False)

TEXTS = [
    "", "hello", "Hello, world!", "the quick brown fox", "12345 3.14 2026-11-24 ١٢٣ ²³½",
    "世界和平你好", "日本語テキスト", "🙂🎉👩‍👩‍👧🏳️‍🌈", "e\u0301 cafe\u0301 A\u030a \u1100\u1161",
    "a\r\nb\r\n\r\nc", "a\n\n\n  b", "trailing   ", "   leading", "tabs\t\tand  spaces \n ",
    "I'm I'M I'Ll WE'VE he'D don't", "it'\u017f ca\u017fe \u017f", "a\u00a0b \u00a0 c",
    "a\u3000b\u3000\u3000c", "<|im_start|>user\nhi<|im_end|>\n<|endoftext|>",
    "<think>\nx\n</think>\n\n<tool_call>{\"a\": 1}</tool_call>", "<|im_start|", "x<|im_end|>y",
    "\u0000\u0001\u007f", "Привет, мир!", "naïve Ärger ß İ", "a" * 50, " " * 30, "\ufffd\ufeff",
    "\u2028\u2029\u0085", "foo(bar)[0] != {'k': 'v'};", "_snake_case-kebab-case/path.ext",
    "\U0001F1E9\U0001F1EA \U0010FFFF \U00020000", "\u212b \u00c5 \u1e9b\u0323",
]
expected = []
for text in TEXTS:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    expected.append({"text": text, "ids": ids,
                     "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                     "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
random_ids = []
for length in [1, 2, 3, 5, 8, 13, 40, 200] * 12:
    ids = [rng.randrange(tokenizer.get_vocab_size()) for _ in range(length)]
    random_ids.append({"ids": ids,
                       "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                       "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
for length in [2, 3, 4, 6, 9, 30, 120] * 12:
    ids = [rng.randrange(256) for _ in range(length)]
    random_ids.append({"ids": ids,
                       "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                       "skipped": tokenizer.decode(ids, skip_special_tokens=True)})
(HERE / "expected.json").write_text(json.dumps(
    {"size": tokenizer.get_vocab_size(), "texts": expected, "random": random_ids}) + "\n")
