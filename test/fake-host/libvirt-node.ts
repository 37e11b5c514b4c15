/** The machine: four processors, 16 GiB. */
export const node = { model: "x86_64", memoryKiB: 16_777_216, cpus: 4, mhz: 2300, nodes: 1, sockets: 1, cores: 4, threads: 1 } as const;

export const libVersion = 9_000_000;

/** The machine types of its qemu, by the alias of each. */
export const machineTypes: Readonly<Record<string, readonly string[]>> = {
  q35: ["pc-q35-7.2", "pc-q35-7.0", "pc-q35-6.2"],
  pc: ["pc-i440fx-7.2", "pc-i440fx-6.2"],
};

const machineElements = Object.entries(machineTypes)
  .flatMap(([alias, versions]) => [
    ...versions.map((name) => `      <machine maxCpus='255'>${name}</machine>`),
    `      <machine canonical='${versions[0]}' maxCpus='255'>${alias}</machine>`,
  ])
  .join("\n");

/** The capabilities, shortened to what is read of them. */
export function capabilities(kvm: boolean): string {
  return `<capabilities>

  <host>
    <uuid>96ff4919-b3fd-4777-97ca-5249ddae49ac</uuid>
    <cpu>
      <arch>x86_64</arch>
      <model>Broadwell</model>
    </cpu>
  </host>

  <guest>
    <os_type>hvm</os_type>
    <arch name='x86_64'>
      <wordsize>64</wordsize>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
${machineElements}
      <domain type='qemu'/>
${kvm ? "      <domain type='kvm'/>\n" : ""}    </arch>
  </guest>

</capabilities>

`;
}
