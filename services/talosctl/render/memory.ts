/** `talosctl memory`. Pure. */
import type { MemInfo, Memory } from "#proto/machine_pb.ts";
import type { Answer } from "../client/answers.ts";
import { withHeader } from "./table.ts";

const KB_PER_MB = 1024n;

/** One row per node, in MB. */
export function renderMemory(answers: readonly Answer<Memory>[]): string {
  const rows = answers.map(({ node, message: { meminfo } }) => {
    const m = meminfo;
    const mb = (kb: bigint | undefined) => String((kb ?? 0n) / KB_PER_MB);
    const used = m ? m.memtotal - m.memfree - m.cached - m.buffers : 0n;
    return [
      node,
      mb(m?.memtotal),
      mb(used),
      mb(m?.memfree),
      mb(m?.shmem),
      mb(m?.buffers),
      mb(m?.cached),
      mb(m?.memavailable),
    ];
  });
  return withHeader([
    "NODE",
    "TOTAL",
    "USED",
    "FREE",
    "SHARED",
    "BUFFERS",
    "CACHE",
    "AVAILABLE",
  ], rows);
}

/** /proc/meminfo's names in its order, with our field and its unit. */
const LINES: readonly (readonly [string, keyof MemInfo, "kB" | ""])[] = [
  ["MemTotal", "memtotal", "kB"],
  ["MemFree", "memfree", "kB"],
  ["MemAvailable", "memavailable", "kB"],
  ["Buffers", "buffers", "kB"],
  ["Cached", "cached", "kB"],
  ["SwapCached", "swapcached", "kB"],
  ["Active", "active", "kB"],
  ["Inactive", "inactive", "kB"],
  ["ActiveAnon", "activeanon", "kB"],
  ["InactiveAnon", "inactiveanon", "kB"],
  ["ActiveFile", "activefile", "kB"],
  ["InactiveFile", "inactivefile", "kB"],
  ["Unevictable", "unevictable", "kB"],
  ["Mlocked", "mlocked", "kB"],
  ["SwapTotal", "swaptotal", "kB"],
  ["SwapFree", "swapfree", "kB"],
  ["Dirty", "dirty", "kB"],
  ["Writeback", "writeback", "kB"],
  ["AnonPages", "anonpages", "kB"],
  ["Mapped", "mapped", "kB"],
  ["Shmem", "shmem", "kB"],
  ["Slab", "slab", "kB"],
  ["SReclaimable", "sreclaimable", "kB"],
  ["SUnreclaim", "sunreclaim", "kB"],
  ["KernelStack", "kernelstack", "kB"],
  ["PageTables", "pagetables", "kB"],
  ["NFSUnstable", "nfsunstable", "kB"],
  ["Bounce", "bounce", "kB"],
  ["WritebackTmp", "writebacktmp", "kB"],
  ["CommitLimit", "commitlimit", "kB"],
  ["CommittedAS", "committedas", "kB"],
  ["VmallocTotal", "vmalloctotal", "kB"],
  ["VmallocUsed", "vmallocused", "kB"],
  ["VmallocChunk", "vmallocchunk", "kB"],
  ["HardwareCorrupted", "hardwarecorrupted", "kB"],
  ["AnonHugePages", "anonhugepages", "kB"],
  ["ShmemHugePages", "shmemhugepages", "kB"],
  ["ShmemPmdMapped", "shmempmdmapped", "kB"],
  ["CmaTotal", "cmatotal", "kB"],
  ["CmaFree", "cmafree", "kB"],
  ["HugePagesTotal", "hugepagestotal", ""],
  ["HugePagesFree", "hugepagesfree", ""],
  ["HugePagesRsvd", "hugepagesrsvd", ""],
  ["HugePagesSurp", "hugepagessurp", ""],
  ["Hugepagesize", "hugepagesize", "kB"],
  ["DirectMap4k", "directmap4k", "kB"],
  ["DirectMap2M", "directmap2m", "kB"],
  ["DirectMap1G", "directmap1g", "kB"],
];

/** `-v`: all of /proc/meminfo for each node. */
export function renderMemoryVerbose(
  answers: readonly Answer<Memory>[],
): string {
  return answers.map(({ node, message: { meminfo } }) => {
    const lines = LINES.map(([label, field, unit]) =>
      `${label}: ${meminfo?.[field] ?? 0n}${unit ? ` ${unit}` : ""}\n`
    );
    return `NODE: ${node}\n${lines.join("")}`;
  }).join("\n");
}
