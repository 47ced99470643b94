// SPDX-License-Identifier: GPL-2.0
/*
 * decode.c: the length of an x86-64 instruction, by the opcode maps of Intel's manual, volume 2,
 * appendix A. A letter for each opcode:
 *
 *      .  alone                     m  ModRM
 *      b  8-bit immediate           n  ModRM and 8-bit immediate
 *      z  32-bit (16 with 66)       y  ModRM and 32-bit (16 with 66)
 *      v  as z, 64 with REX.W       a  64-bit address (32 with 67)
 *      w  16-bit immediate          e  enter: 16 + 8 bits
 *      J  branch, 8 bits            K  branch, 32 bits         S  branch, alone
 *      R  ret                       T  ret, 16 bits            B  interrupt, 8 bits
 *      3  group 3, byte             4  group 3                 5  group 5
 *      P  prefix                    X  not in 64-bit mode      V  VEX
 *
 * EVEX, XOP, 3DNow! and transactions count as none: kernels have them in a few hand-written loops.
 */
#include "report/image.h"
#include <stdbool.h>

static const char one_byte[] = "mmmmbzXXmmmmbzX."
			       "mmmmbzXXmmmmbzXX"
			       "mmmmbzPXmmmmbzPX"
			       "mmmmbzPXmmmmbzPX"
			       "PPPPPPPPPPPPPPPP"
			       "................"
			       "XXXmPPPPzybn...."
			       "JJJJJJJJJJJJJJJJ"
			       "nyXnmmmmmmmmmmmm"
			       "..........X....."
			       "aaaa....bz......"
			       "bbbbbbbbvvvvvvvv"
			       "nnTRVVnye.TRSBXS"
			       "mmmmXXX.mmmmmmmm"
			       "JJJJbbbbKKXJ...."
			       "PSPPS.34......m5";
static const char two_bytes[] = "mmmmXS.S..XSXm.X"
				"mmmmmmmmmmmmmmmm"
				"mmmmXXXXmmmmmmmm"
				"....SSX.mXnXXXXX"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"nnnnmmm.mmXXmmmm"
				"KKKKKKKKKKKKKKKK"
				"mmmmmmmmmmmmmmmm"
				"...mnmXX...mnmmm"
				"mmmmmmmmmSnmmmmm"
				"mmnmnnnm........"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmm"
				"mmmmmmmmmmmmmmmS";

struct decoder {
	const uint8_t *code;
	size_t len, at;
	bool rex_w, narrow, addr32, bad;
	int branch;
};

static unsigned decoder_byte(struct decoder *d)
{
	if (d->at >= d->len) {
		d->bad = true;
		return 0;
	}
	return d->code[d->at++];
}

static void decoder_skip(struct decoder *d, size_t n)
{
	d->at += n;
	d->bad |= d->at > d->len;
}

/* ModRM, SIB and displacement; returns the reg field. */
static unsigned decode_modrm(struct decoder *d)
{
	unsigned m = decoder_byte(d), mod = m >> 6, rm = m & 7;

	if (mod != 3 && rm == 4) {
		unsigned base = decoder_byte(d) & 7;

		if (!mod && base == 5)
			decoder_skip(d, 4);
	} else if (!mod && rm == 5) {
		decoder_skip(d, 4);
	}
	if (mod == 1)
		decoder_skip(d, 1);
	else if (mod == 2)
		decoder_skip(d, 4);
	return m >> 3 & 7;
}

/* Groups 3 and 5: the ModRM's reg field says what it is. */
static void decode_group(struct decoder *d, char kind)
{
	unsigned reg = decode_modrm(d);

	if (kind == '3' && reg < 2) {
		decoder_skip(d, 1);
	} else if (kind == '4' && reg < 2) {
		decoder_skip(d, d->narrow ? 2 : 4);
	} else if (kind == '5') {
		d->branch = reg >= 2 && reg <= 5;
		d->bad |= reg == 7;
	}
}

/* Of some opcodes only the first values of the reg field are an instruction. */
static void decode_reg(struct decoder *d, unsigned op)
{
	unsigned reg = decode_modrm(d);

	if (op == 0xfe)
		d->bad |= reg > 1;
	else if (op == 0x8f || op == 0xc6 || op == 0xc7)
		d->bad |= reg > 0;
}

static void decode_operands(struct decoder *d, char kind, unsigned op)
{
	unsigned z = d->narrow ? 2 : 4;

	switch (kind) {
	case 'm':
	case 'n':
	case 'y':
		decode_reg(d, op);
		decoder_skip(d, kind == 'm' ? 0 : kind == 'n' ? 1 : z);
		return;
	case 'b':
	case 'J':
	case 'B':
		decoder_skip(d, 1);
		break;
	case 'z':
		decoder_skip(d, z);
		return;
	case 'v':
		decoder_skip(d, d->rex_w ? 8 : z);
		return;
	case 'a':
		decoder_skip(d, d->addr32 ? 4 : 8);
		return;
	case 'w':
	case 'T':
		decoder_skip(d, 2);
		break;
	case 'e':
		decoder_skip(d, 3);
		return;
	case 'K':
		decoder_skip(d, 4);
		break;
	case '3':
	case '4':
	case '5':
		decode_group(d, kind);
		return;
	case '.':
	case 'R':
	case 'S':
		break;
	default:
		d->bad = true;
	}
	d->branch = kind != '.' && kind != 'b';
}

/* C5: one byte, C4: two, of which the first names the opcode map. */
static void decode_vex(struct decoder *d, unsigned op)
{
	unsigned map = op == 0xc5 ? 1 : decoder_byte(d) & 31, opcode;
	char kind;

	decoder_byte(d);
	opcode = decoder_byte(d);
	if (map == 1)
		kind = two_bytes[opcode];
	else
		kind = map == 2 ? 'm' : map == 3 ? 'n' : 'X';
	if (kind != 'm' && kind != 'n' && !(map == 1 && opcode == 0x77))
		d->bad = true;
	else
		decode_operands(d, kind, 0);
}

static void decode_escape(struct decoder *d)
{
	unsigned op = decoder_byte(d);

	if (op == 0x38 || op == 0x3a)
		decoder_byte(d);
	if (!d->bad)
		decode_operands(d, two_bytes[op], 0);
}

static unsigned decode_prefixes(struct decoder *d)
{
	unsigned op = decoder_byte(d);

	while (!d->bad && one_byte[op] == 'P') {
		/* a REX prefix counts only right before the opcode */
		d->rex_w = op >= 0x48 && op <= 0x4f;
		d->narrow |= op == 0x66;
		d->addr32 |= op == 0x67;
		op = decoder_byte(d);
	}
	d->narrow &= !d->rex_w;
	return op;
}

unsigned decode_length(const uint8_t *code, size_t len, int *branch)
{
	struct decoder d = {.code = code, .len = len < 15 ? len : 15};
	unsigned op = decode_prefixes(&d);

	if (d.bad)
		return 0;
	if (op == 0x0f)
		decode_escape(&d);
	else if (one_byte[op] == 'V')
		decode_vex(&d, op);
	else
		decode_operands(&d, one_byte[op], op);
	*branch = d.branch;
	return d.bad ? 0 : d.at;
}
