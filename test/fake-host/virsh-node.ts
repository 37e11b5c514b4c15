/** The machine: two processors, 16 GiB. */
export const nodeinfo = `CPU model:           x86_64
CPU(s):              4
CPU frequency:       2300 MHz
CPU socket(s):       1
Core(s) per socket:  4
Thread(s) per core:  1
NUMA cell(s):        1
Memory size:         16777216 KiB

`;

export const version = `Compiled against library: libvirt 9.0.0
Using library: libvirt 9.0.0
Using API: QEMU 9.0.0
Running hypervisor: QEMU 7.2.22

`;

/** What `virsh capabilities` says, shortened to what anybody asks for. */
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
      <machine maxCpus='255'>pc-i440fx-7.2</machine>
      <machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>
      <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
      <domain type='qemu'/>
${kvm ? "      <domain type='kvm'/>\n" : ""}    </arch>
  </guest>

</capabilities>

`;
}
