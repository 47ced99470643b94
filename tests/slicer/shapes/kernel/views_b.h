/* SPDX-License-Identifier: GPL-2.0 */
#define VARIANT_B     1
#define VARIANT_VALUE variant_d
