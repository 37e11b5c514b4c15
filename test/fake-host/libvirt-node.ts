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
    <topology>
      <cells num='1'>
        <cell id='0'>
          <memory unit='KiB'>16777216</memory>
          <pages unit='KiB' size='4'>4194304</pages>
          <pages unit='KiB' size='2048'>64</pages>
          <pages unit='KiB' size='1048576'>0</pages>
        </cell>
      </cells>
    </topology>
    <secmodel>
      <model>none</model>
      <doi>0</doi>
    </secmodel>
    <secmodel>
      <model>dac</model>
      <doi>0</doi>
      <baselabel type='kvm'>+64055:+64055</baselabel>
      <baselabel type='qemu'>+64055:+64055</baselabel>
    </secmodel>
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

/** What may be installed on the machine beside qemu. */
export type Optional = "ovmf" | "swtpm";

/** What a guest of a machine type can have, shortened to what is read of it; undefined for a type that its qemu does not know. */
export function domainCapabilities(machine: string, kvm: boolean, installed: ReadonlySet<Optional>): string | undefined {
  const known = Object.entries(machineTypes).find(([alias, versions]) => alias === machine || versions.includes(machine));
  if (known === undefined) return undefined;
  const list = (name: string, values: readonly string[]) =>
    `<enum name='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</enum>`;
  const loader = installed.has("ovmf") ? "<value>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</value>" : "";
  return `<domainCapabilities>
  <machine>${known[1][0]}</machine>
  <vcpu max='255'/>
  <os supported='yes'>
    ${list("firmware", installed.has("ovmf") ? ["efi"] : [])}
    <loader supported='yes'>${loader}${list("secure", ["yes", "no"])}</loader>
  </os>
  <cpu>
    <mode name='host-passthrough' supported='${kvm ? "yes" : "no"}'/>
    <mode name='maximum' supported='yes'/>
    <mode name='host-model' supported='yes'/>
    <mode name='custom' supported='yes'><model usable='yes'>Nehalem</model><model usable='no'>EPYC-Milan</model></mode>
  </cpu>
  <devices>
    <video supported='yes'>${list("modelType", ["vga", "cirrus", "qxl", "virtio", "none", "bochs"])}</video>
    <tpm supported='yes'>
      ${list("model", ["tpm-tis", "tpm-crb"])}
      ${list("backendModel", ["passthrough", ...(installed.has("swtpm") ? ["emulator"] : [])])}
      ${list("backendVersion", ["1.2", "2.0"])}
    </tpm>
  </devices>
</domainCapabilities>
`;
}
