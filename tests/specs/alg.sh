# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The domain counts the calls; this host's kernel may have no AF_ALG at all. Known: the sum of sha256sum, the first vector of SP 800-38A for AES-128 in CBC mode.
seq 200000 >"$TMP/file"
same "$(served 25 "$PY" - "$TMP/file" <<-'END'
	import os, socket, sys
	def ask(kind, name, key=None):
	    s = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
	    s.bind((kind, name))
	    if key:
	        s.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
	    return s.accept()[0]
	h = ask("hash", "sha256")
	with open(sys.argv[1], "rb") as f:
	    while piece := f.read(99999):
	        h.sendall(piece, socket.MSG_MORE)
	print(h.recv(32).hex())
	key, iv = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes(range(16))
	def cbc(op, data):
	    c = ask("skcipher", "cbc(aes)", key)
	    c.sendmsg_afalg([data], op=op, iv=iv)
	    got = bytearray(len(data) + 5) # not where a page begins
	    n = 0
	    while n < len(data):
	        n += c.recv_into(memoryview(got)[5 + n:])
	    return bytes(got[5:])
	print(cbc(socket.ALG_OP_ENCRYPT, bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")).hex())
	text = os.urandom(96000)
	assert cbc(socket.ALG_OP_DECRYPT, cbc(socket.ALG_OP_ENCRYPT, text)) == text
	try:
	    ask("hash", "md5")
	except FileNotFoundError:
	    print("no md5")
	END
)" "$(sha256sum <"$TMP/file" | cut -d' ' -f1)
7649abac8119b246cee98e9b12e9197d
no md5"
echo "sha256, AES in CBC mode"
