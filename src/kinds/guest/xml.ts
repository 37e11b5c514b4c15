import type { DomainFields } from "../terms/domain-state.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { readFields } from "./fields.ts";
import { domainDevices } from "./xml-devices.ts";
import { domainMetadata } from "./xml-metadata.ts";
import { type Element, element, parsed, writeXml } from "./xml-writer.ts";

/**
 * The libvirt XML of a guest (Nova XML-02 … XML-16). Pure: the same spec always gives the same text, and the text holds,
 * as what was last applied, the very fields that a later look reads out of it.
 */
export function domainXml(spec: DomainSpec): string {
  return writeXml(domainElement(spec, wantedFields(spec)));
}

/** The fields that `domainXml(spec)` gives a domain: what an observed domain is compared with. */
export function wantedFields(spec: DomainSpec): DomainFields {
  return readFields(parsed(domainElement(spec, undefined)));
}

function domainElement(spec: DomainSpec, applied: DomainFields | undefined): Element {
  const x86 = isX86(spec.arch);
  const windows = spec.osType === "windows";
  return element("domain", { type: spec.virtType }, [
    element("uuid", {}, spec.uuid),
    element("name", {}, spec.instance),
    element("memory", { unit: "KiB" }, String(Math.ceil(spec.memory / 1024))),
    element("vcpu", {}, String(spec.vcpus)),
    domainMetadata(spec, applied),
    x86 ? sysinfo(spec) : undefined,
    element("os", {}, [
      element("type", { arch: spec.arch, machine: spec.machine }, "hvm"),
      ...(spec.kernel === null ? [] : kernelBoot(spec.kernel)),
      x86 ? element("smbios", { mode: "sysinfo" }) : undefined,
    ]),
    element("features", {}, [
      element("acpi"),
      x86 ? element("apic") : undefined,
      // Nova XML-07: what a Windows guest expects of its hypervisor.
      windows && x86 && spec.virtType === "kvm"
        ? element("hyperv", {}, [
            element("relaxed", { state: "on" }),
            element("vapic", { state: "on" }),
            element("spinlocks", { state: "on", retries: 8191 }),
          ])
        : undefined,
    ]),
    cpu(spec),
    clock(spec, windows),
    element("devices", {}, domainDevices(spec)),
  ]);
}

/** Nova XML-04: cloud-init knows an OpenStack guest by these words and then looks for a config drive. */
function sysinfo(spec: DomainSpec): Element {
  const entry = (name: string, value: string) => element("entry", { name }, value);
  return element("sysinfo", { type: "smbios" }, [
    element("system", {}, [
      entry("manufacturer", "OpenStack Foundation"),
      entry("product", "OpenStack Nova"),
      entry("serial", spec.uuid),
      entry("uuid", spec.uuid),
      entry("family", "Virtual Machine"),
    ]),
  ]);
}

/** Nova XML-06. */
function kernelBoot(kernel: NonNullable<DomainSpec["kernel"]>): (Element | undefined)[] {
  return [
    element("kernel", {}, kernel.path),
    kernel.ramdisk === null ? undefined : element("initrd", {}, kernel.ramdisk),
    element("cmdline", {}, kernel.commandLine),
  ];
}

/** Nova XML-09, but emulation gets all that it can emulate rather than qemu's oldest processor, which recent guests refuse. */
function cpu(spec: DomainSpec): Element {
  const emulated = spec.virtType === "qemu";
  const mode = emulated ? "maximum" : isX86(spec.arch) ? "host-model" : "host-passthrough";
  return element("cpu", { mode }, [element("topology", { sockets: spec.vcpus, cores: 1, threads: 1 })]);
}

/** Nova XML-08. */
function clock(spec: DomainSpec, windows: boolean): Element {
  const timers = spec.virtType === "kvm" && isX86(spec.arch);
  return element("clock", { offset: windows ? "localtime" : "utc" }, [
    ...(timers
      ? [
          element("timer", { name: "pit", tickpolicy: "delay" }),
          element("timer", { name: "rtc", tickpolicy: "catchup" }),
          element("timer", { name: "hpet", present: "no" }),
          windows ? element("timer", { name: "hypervclock", present: "yes" }) : undefined,
        ]
      : []),
  ]);
}

function isX86(arch: string): boolean {
  return arch === "x86_64" || arch === "i686";
}
