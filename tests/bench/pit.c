// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inside an emulated VM whose time is a count of instructions (QEMU -icount): lets
 * channel 0 of the interval timer run freely, with its interrupt masked. QEMU then
 * has two timer deadlines in TICKS, and each of them ends the turn of the virtual
 * CPU that runs: without it, one CPU may run for many milliseconds before the next
 * gets a turn.
 *
 *	pit TICKS	(of 838 ns; 48 has an edge every 20 us)
 *
 * The kernel does not use this timer once it has a better one. Its interrupt is masked
 * in the I/O APIC: the mask of the old controller would be undone by the kernel, which
 * writes its own copy back with the next interrupt of any device. Needs iomem=relaxed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#define IOAPIC_BASE	0xfec00000
#define IOAPIC_DATA	(0x10 / 4)
/* the timer is at input 2 by an entry of ACPI's table, or at 0 without it */
#define IOAPIC_ENTRY(input)	(0x10 + 2 * (input))
#define IOAPIC_MASKED	(1 << 16)

#define PIT_CH0		0x40
#define PIT_MODE	0x43
/* channel 0, low then high byte, mode 3 (square wave: a deadline at each of its edges), binary */
#define PIT_CH0_SQUARE	0x36

static int mask_timer(void)
{
	volatile uint32_t *apic;
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);

	if (fd < 0)
		return -1;
	apic = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IOAPIC_BASE);
	close(fd);
	if (apic == MAP_FAILED)
		return -1;
	for (int input = 0; input <= 2; input += 2) {
		apic[0] = IOAPIC_ENTRY(input);
		apic[IOAPIC_DATA] |= IOAPIC_MASKED;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long ticks = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (ticks < 10 || ticks > 65535) {
		fprintf(stderr, "usage: pit TICKS (10..65535)\n");
		return 2;
	}
	if (mask_timer()) {
		perror("pit: I/O APIC through /dev/mem");
		return 6;
	}
	if (iopl(3)) {
		perror("pit: iopl");
		return 4;
	}
	outb(PIT_CH0_SQUARE, PIT_MODE);
	outb(ticks & 0xff, PIT_CH0);
	outb(ticks >> 8, PIT_CH0);
	return 0;
}
