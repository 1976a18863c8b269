# SPDX-License-Identifier: GPL-2.0-only
"""How equal the CPUs of an emulated machine must be, so that its figures count."""

# The slowest to the fastest one, ...
EQUAL = 0.90
# ... and each of them to one that is alone, in %: idle CPUs lend nothing.
LEAST, MOST = 88.0, 112.0


def unequal(slow, fast):
    """In words, or ''; @slow, @fast: % of the speed of one that is alone"""
    if slow < EQUAL * fast or slow < LEAST or fast > MOST:
        return f'{slow:.0f}..{fast:.0f} %'
    return ''
