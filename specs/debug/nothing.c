// SPDX-License-Identifier: GPL-2.0
/* In place of a definition that isn't needed and can't be compiled. */
