"""Runs llama.cpp's own converter on a checkpoint that has no tokenizer: the GGUF gets no vocabulary.

    convert_without_vocabulary.py LLAMA_CPP_FOLDER CHECKPOINT OUT.gguf
"""
import runpy
import sys

source, checkpoint, out = sys.argv[1:4]
sys.path[:0] = [source, f"{source}/gguf-py"]
from conversion.qwen import Qwen3NextModel  # noqa: E402



def only_its_size(self):
    self._set_vocab_none()
    self.gguf_writer.add_vocab_size(self.hparams["vocab_size"])


Qwen3NextModel.set_vocab = only_its_size
sys.argv = ["convert_hf_to_gguf.py", checkpoint, "--outfile", out, "--outtype", "bf16"]
runpy.run_path(f"{source}/convert_hf_to_gguf.py", run_name="__main__")
