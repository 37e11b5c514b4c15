import assert from "node:assert/strict";
import { test } from "node:test";
import { deviceMap } from "../../../../src/kinds/guest/device-map.ts";
import { diffDomain } from "../../../../src/kinds/guest/diff.ts";
import { foreignParts } from "../../../../src/kinds/guest/foreign.ts";
import { isSatisfied } from "../../../../src/kinds/guest/is-satisfied.ts";
import { mergedXml } from "../../../../src/kinds/guest/merged-xml.ts";
import { domainFields, domainState } from "../../../../src/kinds/guest/state.ts";
import { traitsOf } from "../../../../src/kinds/guest/traits.ts";
import { wantedFields } from "../../../../src/kinds/guest/wanted-fields.ts";
import { domainXml } from "../../../../src/kinds/guest/xml.ts";
import { guests } from "../../../../src/kinds/terms/guest-address.ts";
import type { DomainSpec } from "../../../../src/kinds/terms/spec.ts";
import { alikeXmlParser, parseXml } from "../../../../src/tools/xml.ts";
import { storedDomain } from "../../../fake-host/stored-domain.ts";
import { printXml, readXml } from "../../../fake-host/xml.ts";
import { observedWith } from "../../../support/observed.ts";
import { plainSpec } from "./specs.ts";

// VIRTFORM_SEED=N repeats one run.
const only = process.env["VIRTFORM_SEED"];
const seeds = only === undefined ? Array.from({ length: 150 }, (_, index) => index + 1) : [Number(only)];

for (const group of seeds.reduce<number[][]>((groups, seed) => {
  const last = groups.at(-1);
  if (last === undefined || last.length === 50) groups.push([seed]);
  else last.push(seed);
  return groups;
}, [])) {
  test(`what people add to a definition stays byte for byte or is named, seeds ${group[0]} to ${group.at(-1)}`, () => {
    for (const seed of group) {
      try {
        keepsOrNames(seed);
      } catch (error) {
        throw new Error(`VIRTFORM_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  });
}

const parseAlike = alikeXmlParser();

function keepsOrNames(seed: number): void {
  const random = randomFrom(seed);
  const before = randomSpec(random);
  const after = { ...randomSpec(random), virtType: before.virtType };
  const libvirts = printXml(storedDomain(readXml(domainXml(before))));
  const { document: held, added } = withForeign(libvirts, random);
  assert.deepEqual(foreignParts(parseXml(libvirts)), [], "what libvirt fills in is not foreign");
  const parts = foreignParts(parseXml(held));
  // Many definitions are read together, and what was learned of one is used for the next.
  assert.deepEqual(foreignParts(parseAlike(libvirts)), []);
  assert.deepEqual(foreignParts(parseAlike(held)), parts);

  const merged = mergedXml(held, after);
  const document = parseXml(merged);
  const fields = domainFields(merged);
  for (const [path, value] of Object.entries(wantedFields(after, "xml")))
    assert.ok(isSatisfied(traitsOf(path), fields[path], value), `${path} is ${fields[path]} instead of ${value}`);
  const stored = (xml: string) => printXml(storedDomain(readXml(xml)));
  assert.equal(stored(mergedXml(stored(merged), after)), stored(merged), "the second merge changes nothing");

  // A later redefinition finds what the first one kept.
  const later = { ...randomSpec(random), virtType: before.virtType };
  const twice = mergedXml(merged, later);
  const named = [...changed(held, after), ...changed(merged, later)];
  const isNamed = (device: string) => named.some((path) => path === device || path.startsWith(`${device}.`));
  for (const { raw, device } of added)
    if (device === null || !isNamed(device)) assert.ok(twice.includes(raw), `${raw} was lost by the second redefinition`);

  const plan = changed(held, after);
  for (const { raw, device } of added) {
    const isIts = (path: string) => path === device || path.startsWith(`${device}.`);
    if (device !== null && !Object.keys(wantedFields(after)).some(isIts))
      assert.ok(plan.some(isIts) || merged.includes(raw), `${raw} left with ${device}, which the plan does not name`);
    else assert.ok(merged.includes(raw), `${raw} was lost or changed`);
  }
  const kept = new Set(foreignParts(document).map(({ path, xml }) => `${path} ${xml}`));
  for (const { path, xml } of parts) {
    const isTold = plan.some(
      (one) => path === one || path.startsWith(`${one}.`) || path.startsWith(one.slice(0, one.lastIndexOf(".") + 1) || "?"),
    );
    assert.ok(kept.has(`${path} ${xml}`) || isTold, `${path} is neither kept nor named`);
  }
  for (const address of held.match(/<address type='pci'[^>]*>/g) ?? []) {
    const mac = addressOwner(held, address);
    // Another model may need another sort of slot.
    if (mac !== undefined && merged.includes(mac) && !plan.includes(`interfaces.${mac}.model`))
      assert.ok(merged.includes(address), `${mac} moved from ${address}`);
  }

  const forbidding: DomainSpec = { ...after, foreign: "forbid" };
  assert.deepEqual(foreignParts(parseXml(mergedXml(held, forbidding))), [], "everything that is forbidden is removed");
  const lines = changed(held, forbidding);
  for (const { path } of parts) assert.ok(lines.includes(`foreign.${path}`), `${path} is removed and not named`);
}

/** The MAC address of the interface that has a PCI address. */
function addressOwner(held: string, address: string): string | undefined {
  const device = held.match(/<interface[\s\S]*?<\/interface>/g)?.find((one) => one.includes(address));
  return device === undefined ? undefined : /<mac address='([^']*)'/.exec(device)?.[1];
}

/** Paths of the fields that a plan changes. */
function changed(held: string, spec: DomainSpec): string[] {
  const record = { uuid: spec.uuid, name: spec.instance, reason: "unknown", persistent: true, autostart: false, active: null } as const;
  const have = { ...domainState({ ...record, power: "stopped", xml: held }), kind: "domain" } as const;
  const change = diffDomain(guests.at(spec.instance), spec, have, observedWith());
  return change?.fields.map(({ path }) => path) ?? [];
}

type Random = (below: number) => number;

/** Numbers that depend on the seed alone (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[random(items.length)] ?? items[0];
}

/** Hardware that keys of the configuration give, which comes and goes between redefinitions. */
const hardware: readonly (readonly [string, string | number | boolean])[] = [
  ["watchdog", "reset"],
  ["sound", "ich9"],
  ["boot_menu", true],
  ["rng.enabled", false],
  ["quota.cpu_shares", 512],
  ["hpet", true],
  ["graphics.type", "none"],
  ["tpm.version", "2.0"],
];

function randomSpec(random: Random): DomainSpec {
  const plain = plainSpec();
  const directory = plain.consoleLog.slice(0, plain.consoleLog.lastIndexOf("/"));
  const file = (name: string) => ({ type: "file" as const, format: "qcow2" as const, source: `${directory}/${name}`, secretUuid: null });
  const bus = pick(random, ["virtio", "scsi", "sata"]);
  const machine = pick(random, ["q35", "pc-q35-7.2", "pc-q35-6.2"]);
  return {
    ...plain,
    powerState: pick(random, ["running", "stopped", "ignore"]),
    machine,
    vcpus: 1 + random(4),
    memory: (1 + random(8)) * 256 * 2 ** 20,
    osType: pick(random, ["linux", "linux", "windows"]),
    virtType: pick(random, ["qemu", "kvm"]),
    disks: deviceMap({
      arch: "x86_64",
      machine,
      properties: { hw_disk_bus: bus },
      root: { attachment: file("disk"), iso: false },
      others: Array.from({ length: random(3) }, (_, index) => ({
        name: `disk.eph${index}`,
        attachment: file(`disk.eph${index}`),
        bootIndex: -1,
      })),
      configDrive: random(2) === 0 ? null : { attachment: { ...file("disk.config"), format: "raw" as const }, format: "iso9660" },
    }),
    interfaces: ["01", "02", "03"]
      .filter(() => random(3) > 0)
      .map((end) => ({
        name: end,
        type: "network",
        source: "default",
        filter: null,
        mac: `52:54:00:00:00:${end}`,
        model: pick(random, ["virtio", "virtio", "e1000"]),
        link: pick(random, ["up", "up", "down"]),
      })),
    kernel:
      random(3) > 0 ? null : { path: "/boot/vmlinuz", ramdisk: pick(random, [null, "/boot/initrd"]), commandLine: "root=/dev/vda <&>" },
    rescue: null,
    values: Object.fromEntries(hardware.filter(() => random(4) === 0).map(([path, value]) => [path, value])),
    image: pick(random, ["debian-13", null]),
  };
}

/** What people add inside of elements of which virtform manages a part. */
const within = (mark: string): readonly [readonly [string, string], ...(readonly [string, string])[]] => [
  ["cpu", `<feature policy='disable' name='${mark}'/>`],
  ["cpu", `<cache mode='passthrough' level="3"/>`],
  ["features", `<kvm><poll-control state='on'/></kvm>`],
  ["features", `<ioapic driver='${mark}'/>`],
  ["os", `<acpi><table type='slic'>/srv/${mark}</table></acpi>`],
  ["metadata", `<x:note xmlns:x='urn:${mark}'>ask first</x:note>`],
  ["sysinfo", `<baseBoard><entry name='serial'>${mark}</entry></baseBoard>`],
];

/** Attributes that people add to elements that virtform manages: after which text, and the attribute. */
type Attribute = readonly [element: string, attribute: string, device?: string];
const attributes: readonly [Attribute, ...Attribute[]] = [
  ["<memory", "dumpCore='off'"],
  ["<domain", "xmlns:dnsmasq='urn:other'"],
  ["<graphics", "sharePolicy='ignore'", "graphics"],
  ["<memballoon", "autodeflate='on'"],
  ["<rng", "virtio-made='up'", "rng"],
  ["<cpu", "deprecated_features='off'"],
];

interface Added {
  readonly raw: string;
  /** `disks.vda` of what is in a disk or an interface. */
  readonly device: string | null;
}

/** A definition with parts that people could have added, at random places. */
function withForeign(libvirts: string, random: Random): { readonly document: string; readonly added: Added[] } {
  let document = libvirts;
  const added: Added[] = [];
  const insert = (anchor: string, raw: string, device: string | null = null) => {
    assert.ok(document.includes(anchor), anchor);
    document = document.replace(anchor, () => `${raw}${anchor}`);
    added.push({ raw, device });
  };
  for (let number = 1 + random(6); number > 0; number -= 1) {
    const mark = `x${number}-${random(1000)}`;
    const kind = random(12);
    if (kind === 0) insert("<os>", `<title>${mark} &lt;&amp;&gt; &#x41; ü</title>`);
    else if (kind === 1) insert("</devices>", `<watchdog model='${mark}' action="reset" />`);
    else if (kind === 2) insert("</devices>", `<channel type='unix'><target type='virtio' name='org.${mark}.0'/></channel>`);
    else if (kind === 3)
      insert(
        "</metadata>",
        `<a:b xmlns:a="https://example.org/${mark}" c='d"e'>\n  text <!-- a comment ${mark} --><a:c><![CDATA[<&]]></a:c>\n tail</a:b>`,
      );
    else if (kind === 4)
      insert(
        "</domain>",
        `<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-${mark}'/></qemu:commandline>`,
      );
    else if (kind === 9) {
      const [container, raw] = pick(random, within(mark));
      if (document.includes(`</${container}>`)) insert(`</${container}>`, raw);
    } else if (kind === 10) {
      const [element, attribute, device = null] = pick(random, attributes);
      if (!document.includes(element) || document.includes(attribute)) continue;
      document = document.replace(element, () => `${element} ${attribute}`);
      added.push({ raw: attribute, device });
    } else if (kind === 11) {
      if (!document.includes("<on_crash>destroy")) continue;
      document = document.replace("<on_crash>destroy", "<on_crash>restart");
      added.push({ raw: "<on_crash>restart</on_crash>", device: null });
    } else if (kind === 5) insert("<devices>", `<unknown${mark}><cell id='0' ${mark}="1"/> </unknown${mark}>`);
    else {
      const section = kind === 6 ? "interface" : "disk";
      const elements = document.match(new RegExp(`<${section} [\\s\\S]*?</${section}>`, "g")) ?? [];
      const element = elements[random(Math.max(1, elements.length))];
      if (element === undefined) continue;
      const key = section === "disk" ? /<target [^>]*dev='([^']*)'/.exec(element)?.[1] : /<mac address='([^']*)'/.exec(element)?.[1];
      const raw = `<more${mark}><total>${random(1000)}</total></more${mark}>`;
      document = document.replace(element, () => element.replace(`</${section}>`, () => `${raw}</${section}>`));
      added.push({ raw, device: `${section === "disk" ? "disks" : "interfaces"}.${key}` });
    }
  }
  return { document, added };
}
