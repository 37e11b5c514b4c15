import assert from "node:assert/strict";
import { test } from "node:test";
import { guestCapabilities } from "../../../../src/tools/libvirt/guest-capabilities.ts";

const document = (inside: string) => `<domainCapabilities>${inside}</domainCapabilities>`;

test("what libvirt 9.0 says about q35 with OVMF and swtpm", () => {
  const found = guestCapabilities(
    document(`<vcpu max='288'/>
      <os supported='yes'><enum name='firmware'><value>efi</value></enum>
        <loader supported='yes'><value>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</value>
          <enum name='type'><value>rom</value></enum><enum name='secure'><value>yes</value><value>no</value></enum></loader></os>
      <cpu><mode name='host-passthrough' supported='no'/><mode name='maximum' supported='yes'/>
        <mode name='custom' supported='yes'><model usable='yes' vendor='Intel'>Nehalem</model><model usable='no'>EPYC</model></mode></cpu>
      <devices><tpm supported='yes'><enum name='model'><value>tpm-crb</value></enum>
        <enum name='backendModel'><value>passthrough</value><value>emulator</value></enum>
        <enum name='backendVersion'><value>2.0</value></enum></tpm>
        <video supported='yes'><enum name='modelType'><value>vga</value></enum></video></devices>`),
  );
  assert.deepEqual(found, {
    maxVcpus: 288,
    firmware: ["efi"],
    secureBoot: true,
    cpuModes: ["maximum", "custom"],
    cpuModels: { Nehalem: true, EPYC: false },
    tpm: { models: ["tpm-crb"], emulated: true, versions: ["2.0"] },
    videoModels: ["vga"],
  });
});

test("without OVMF, without swtpm, and of a libvirt that tells nothing", () => {
  const without = guestCapabilities(
    document(`<os supported='yes'><enum name='firmware'/><loader supported='yes'><enum name='secure'><value>yes</value></enum></loader></os>
      <devices><tpm supported='yes'><enum name='model'><value>tpm-tis</value></enum>
        <enum name='backendModel'><value>passthrough</value></enum></tpm></devices>`),
  );
  assert.deepEqual([without.firmware, without.secureBoot, without.tpm?.emulated, without.tpm?.versions], [[], false, false, null]);
  assert.deepEqual(guestCapabilities(document("")), {
    maxVcpus: null,
    firmware: null,
    secureBoot: false,
    cpuModes: null,
    cpuModels: null,
    tpm: null,
    videoModels: null,
  });
});
