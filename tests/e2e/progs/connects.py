# SPDX-License-Identifier: GPL-2.0
"""Exit status 0 if something accepts connections at ADDRESS PORT."""
import socket
import sys

socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
