/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's debug dump (SysRq-D, or after an error) says about us. */
#ifndef QUMUN_DUMP_BPF_H
#define QUMUN_DUMP_BPF_H

#define dump_line(fmt, ...)							\
({										\
	static char ___fmt[] = fmt "\n";					\
	unsigned long long ___args[] = { __VA_ARGS__ };				\
										\
	scx_bpf_dump_bstr(___fmt, ___args, sizeof(___args));			\
})

static void dump_domains(void)
{
	u32 llc;

	bpf_for(llc, 0, config.nr_llcs) {
		struct domain *dom = domain_of(llc);

		if (dom)
			dump_line("scx_qumun: LLC %llu: %llu waiting, clock %llu, average %llu, weight %llu",
				  llc, scx_bpf_dsq_nr_queued(DSQ_LLC(llc)), dom->clock.now,
				  dom->clock.avg, dom->clock.weight);
	}
}

static void dump_cpus(void)
{
	s32 nr_cpu_ids = scx_bpf_nr_cpu_ids();
	s32 cpu;

	bpf_for(cpu, 0, nr_cpu_ids) {
		s32 waiting = scx_bpf_dsq_nr_queued(DSQ_CPU(cpu));

		if (waiting > 0)
			dump_line("scx_qumun: queue of CPU %llu: %llu waiting", cpu, waiting);
	}
}

#endif /* QUMUN_DUMP_BPF_H */
