import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/kinds/config.ts";
import { hostSettings } from "../../src/kinds/host/settings.ts";
import { desiredInstances } from "../../src/kinds/instance/desired.ts";
import { UserError } from "../../src/model/errors.ts";
import type { HostFacts } from "../../src/model/host-facts.ts";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { guests } from "./guests.ts";
import { killEverywhere } from "./kill-everywhere.ts";
import { type Shop, shop } from "./shop.ts";
import { applied, checksum, configOf, createWorld, layout, planOf, runOn, summary } from "./world.ts";

/** The shop with a guest on an overlay and one on a copy, kernels and ramdisks included; `rescue`: YAML for both. */
function rescued(rescue: string | undefined, options: Shop = {}): string {
  const yaml = shop(options);
  return rescue === undefined ? yaml : yaml.replaceAll("    flavor: small\n", `    flavor: small\n    rescue: ${rescue}\n`);
}

/** Another image without kernel that keeps devices stable. */
const withStable = (yaml: string, properties = "{ hw_rescue_device: disk, hw_rescue_bus: scsi }") =>
  yaml.replace(
    "  linux:",
    `  doctor: { source: "https://images.test/fedora.qcow2", checksum: "${checksum("https://images.test/fedora.qcow2")}", disk_format: qcow2, properties: ${properties} }\n  linux:`,
  );
const doctor = withStable(rescued("{ image: doctor }")).replace(/ {2}fedora:[\s\S]*?(?= {2}doctor)/, "");

const plan = async (machine: Machine, yaml: string) => planOf(await runOn(machine.boot(), yaml));

async function after(...yamls: readonly string[]): Promise<Machine> {
  const machine = createWorld();
  for (const yaml of yamls) await applied(machine, yaml);
  return machine;
}

function web(machine: Machine) {
  const domain = machine.libvirtd.find("web");
  assert.ok(domain);
  return domain;
}

const files = (machine: Machine) => {
  const directory = `${layout.instance(web(machine).uuid)}/`;
  return machine.files.walk().flatMap(([path]) => (path.startsWith(directory) ? [path.slice(directory.length)] : []));
};

/** Target, file and boot order of each disk of the guest, as it runs or as it is defined. */
function disksOf(machine: Machine, inactive = false): string[] {
  const xml = machine.libvirtd.document(web(machine), inactive);
  return Array.from(xml.matchAll(/<disk [\s\S]*?<\/disk>/g), ([disk]) =>
    [/<target [^>]*dev=.(\w+)/, /file=.[^'"]*\/([^'"/]+)./, /<boot order=.(\d)/].flatMap((part) => part.exec(disk)?.[1] ?? []).join(" "),
  );
}

test("Nova RES-01, BLK-11, XML-20: a running guest is restarted from a fresh disk, with its own as the second, and its own kernel is not used", async () => {
  const machine = await after(shop());
  const entering = await plan(machine, rescued("true"));
  assert.deepEqual(
    entering.actions.filter(({ id }) => /web/.test(id)).map(({ id, effect, destroys }) => [id, effect, destroys]),
    [
      ["disk/web.rescue#create", "none", undefined],
      ["disk/web.kernel-rescue#create", "none", undefined],
      ["disk/web.ramdisk-rescue#create", "none", undefined],
      ["domain/web#stop", "restart", undefined],
      ["domain/web#define", "restart", undefined],
      ["domain/web#start", "none", undefined],
    ],
  );
  const stop = entering.actions.find(({ id }) => id === "domain/web#stop");
  assert.deepEqual(stop?.after, ["disk/web.rescue#create", "disk/web.kernel-rescue#create", "disk/web.ramdisk-rescue#create"]);
  const drive = contentOf(machine.files, `${layout.instance(web(machine).uuid)}/disk.config`);
  await applied(machine, rescued("true"));
  assert.deepEqual(disksOf(machine), ["vda disk.rescue 1", "vdb disk", "sda disk.config"]);
  assert.match(machine.libvirtd.document(web(machine), false), /<kernel>[^<]*\/kernel\.rescue<\/kernel>\s*<initrd>[^<]*\/ramdisk\.rescue</);
  assert.deepEqual(contentOf(machine.files, `${layout.instance(web(machine).uuid)}/disk.config`), drive, "Nova CFG-15: the same drive");
  assert.deepEqual(summary(await plan(machine, rescued("true"))), []);
});

test("Nova CFG-15: the config drive stays as it is, also where other disks get other names", async () => {
  const options = { ephemeral: "1GiB", swap: "512MiB" };
  const machine = await after(guests(options));
  const { changes } = await plan(machine, guests({ ...options, more: "    rescue: true\n" }));
  assert.deepEqual(
    changes.map(({ address }) => address),
    ["disk/web.rescue", "domain/web"],
  );
});

test("Nova RES-02: leaving rescue removes only its disks, needs no consent, and starts the guest as before", async () => {
  const machine = await after(shop());
  const [before, disks] = [files(machine), disksOf(machine)];
  const bases = () => machine.files.walk().flatMap(([path]) => (/_base\/[^/]*$/.test(path) ? [path] : []));
  const base = bases();
  await applied(machine, rescued("true"));
  assert.deepEqual(
    files(machine).filter((file) => !before.includes(file)),
    ["console.log.previous-1", "disk.rescue", "kernel.rescue", "ramdisk.rescue"],
    "with the log of the start before",
  );
  const leaving = await plan(machine, shop());
  assert.deepEqual(
    leaving.actions.flatMap(({ destroys }) => destroys ?? []),
    [],
  );
  const stop = leaving.actions.find(({ id }) => id === "domain/web#stop");
  assert.equal(stop?.effect, "restart");
  for (const name of ["rescue", "kernel-rescue", "ramdisk-rescue"]) {
    const removal = leaving.actions.find(({ id }) => id === `disk/web.${name}#remove`);
    assert.deepEqual(removal?.after, ["domain/web#stop", "domain/web#define"], name);
  }
  await applied(machine, shop());
  const kept = files(machine).filter((file) => !/^console\.log\./.test(file));
  assert.deepEqual([kept, disksOf(machine)], [before, disks]);
  assert.deepEqual(bases(), base);
  assert.deepEqual(summary(await plan(machine, shop())), []);
});

test("Nova BLK-12: another image without kernel boots by the firmware, and no disk changes its name", async () => {
  const machine = await after(doctor.replaceAll(/ {4}rescue: .*\n/g, ""));
  const before = disksOf(machine);
  await applied(machine, doctor);
  assert.deepEqual(disksOf(machine), ["vda disk 2", "sda disk.config", "sdb disk.rescue 1"]);
  assert.deepEqual(before, ["vda disk 1", "sda disk.config"]);
  assert.doesNotMatch(machine.libvirtd.document(web(machine), false), /<kernel>/);
  assert.deepEqual(summary(await plan(machine, doctor)), []);
});

test("the kernel of a stable rescue gets the rescue disk as root device", async () => {
  const yaml = rescued("true").replace("    ramdisk: initrd\n", "    ramdisk: initrd\n    properties: { hw_rescue_bus: virtio }\n");
  const machine = await after(yaml);
  assert.deepEqual(disksOf(machine), ["vda disk 2", "vdb disk.rescue 1", "sda disk.config"]);
  assert.match(machine.libvirtd.document(web(machine), false), /<cmdline>root=\/dev\/vdb /);
});

test("Nova BLK-11: the rescue image says what hardware its system knows, and its disk is as large as it is", async () => {
  const yaml = withStable(rescued("{ image: doctor }"), "{ hw_machine_type: pc, hw_disk_bus: ide }").replace(
    / {2}fedora:[\s\S]*?(?= {2}doctor)/,
    "",
  );
  const machine = await after(yaml);
  assert.deepEqual(disksOf(machine), ["hda disk.rescue 1", "hdb disk", "hdc disk.config"]);
  const { unchanged } = await plan(machine, yaml);
  const found = (name: string) => JSON.stringify(unchanged.find(({ address }) => address === name)?.before);
  assert.match(found("disk/web.rescue"), new RegExp(`"found":{"format":"qcow2","size":${64 * 2 ** 20},`));
  assert.match(found("disk/web.root"), new RegExp(`"found":{"format":"qcow2","size":${2 ** 30},`));
  assert.deepEqual(summary(await plan(machine, yaml)), []);
});

test("a guest that is off is only defined, and one that stays off is not started", async () => {
  for (const power of ["running", "stopped"] as const) {
    const machine = await after(shop({ power }));
    for (const name of ["web", "db"]) {
      const domain = machine.libvirtd.find(name);
      if (domain?.live !== undefined) machine.libvirtd.destroy(domain);
    }
    const types = (await plan(machine, rescued("true", { power }))).actions.filter(({ address }) => address === "domain/web");
    assert.deepEqual(
      types.map(({ type }) => type),
      power === "running" ? ["domain.define", "domain.start"] : ["domain.define"],
    );
    await applied(machine, rescued("true", { power }));
    assert.equal(web(machine).live !== undefined, power === "running");
    assert.deepEqual(summary(await plan(machine, rescued("true", { power }))), []);
  }
});

test("a running guest that is to be off goes into rescue without being started", async () => {
  const machine = await after(shop());
  const wanted = rescued("true", { power: "stopped" });
  await applied(machine, wanted);
  assert.deepEqual([web(machine).live, disksOf(machine, true)[0]], [undefined, "vda disk.rescue 1"]);
  assert.deepEqual(summary(await plan(machine, wanted)), []);
});

test("a paused guest goes into rescue as a running one does", async () => {
  const machine = await after(shop());
  machine.libvirtd.suspend(web(machine));
  const ids = (await plan(machine, rescued("true"))).actions.flatMap(({ id, address }) => (address === "domain/web" ? [id] : []));
  assert.deepEqual(ids, ["domain/web#stop", "domain/web#define", "domain/web#start"]);
  await applied(machine, rescued("true"));
  assert.deepEqual(summary(await plan(machine, rescued("true"))), []);
});

test("in rescue, growth and edits are applied, protection holds, and the guest can be removed", async () => {
  const machine = await after(shop(), rescued("true"));
  const larger = rescued("true", { disk: "2GiB", memory: "512MiB" });
  const growing = await plan(machine, larger);
  assert.deepEqual(
    growing.actions.filter(({ id }) => /web/.test(id)).map(({ id, effect }) => [id, effect]),
    [
      ["disk/web.root#grow", "live"],
      ["domain/web#define", "next_boot"],
    ],
  );
  await applied(machine, larger);
  assert.deepEqual(summary(await plan(machine, larger)), []);

  const protect = (yaml: string) => yaml.replaceAll("    flavor: small\n", "    flavor: small\n    prevent_destroy: true\n");
  await applied(machine, protect(larger));
  const other = protect(rescued("{ image: fedora }", { disk: "2GiB", memory: "512MiB" }));
  assert.deepEqual((await plan(machine, other)).diagnostics, [], "the disk of a rescue is nothing to protect");
  await applied(machine, other);
  assert.deepEqual(summary(await plan(machine, other)), []);
  await applied(machine, protect(shop({ disk: "2GiB", memory: "512MiB" })));
  await applied(machine, larger);
  await applied(machine, larger, { destroy: true, images: true });
  assert.deepEqual(
    machine.files.walk().filter(([path]) => /\.rescue|_base\/[0-9a-f]{40}$/.test(path)),
    [],
  );
});

test("into rescue and out of it together with other changes that switch the guest off", async () => {
  const steps = [
    rescued("true", { disk: "2GiB", memory: "512MiB", image: "fedora" }),
    rescued("{ image: debian }", { disk: "3GiB", image: "fedora" }),
    rescued("true", { disk: "3GiB", image: "debian", drive: "vfat" }),
    shop({ disk: "4GiB", image: "fedora" }),
  ];
  const machine = await after(shop());
  for (const step of steps) {
    await applied(machine, step);
    assert.deepEqual(summary(await plan(machine, step)), []);
    assert.equal(web(machine).live !== undefined, true);
  }
});

test("a guest that boots from a volume is rescued with an image that is named, and the volume comes second", async () => {
  const boot = (rescue: string) =>
    `${shop({ instances: [] }).replace("instances: {}", "")}volumes: { system: { size: 1GiB, image: fedora } }\ninstances:\n  web: { flavor: small, volumes: [ { volume: system, boot_index: 0 } ], rescue: ${rescue} }\n`;
  const codes = (await plan(createWorld(), boot("true"))).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes, ["rescue-image-missing"]);
  const machine = await after(boot("false"), boot("{ image: debian }"));
  assert.deepEqual(disksOf(machine), ["vda disk.rescue 1", "vdb disk", "sda disk.config"]);
  assert.deepEqual(summary(await plan(machine, boot("{ image: debian }"))), []);
  await applied(machine, boot("false"));
  assert.deepEqual(disksOf(machine), ["vda disk 1", "sda disk.config"]);
});

test("what an image of a rescue asks for and a guest cannot have is an error of the plan", async () => {
  const codes = async (properties: string) =>
    (await plan(createWorld(), doctor.replace("{ hw_rescue_device: disk, hw_rescue_bus: scsi }", properties))).diagnostics.map(
      ({ code }) => code,
    );
  for (const device of ["floppy", "lun", "tape"]) {
    assert.deepEqual(await codes(`{ hw_rescue_device: ${device} }`), ["unsupported-rescue-device", "unsupported-rescue-device"]);
  }
  for (const properties of ["{ hw_rescue_bus: fdc }", "{ hw_rescue_bus: ide }", "{ hw_rescue_device: cdrom, hw_rescue_bus: virtio }"]) {
    assert.deepEqual(await codes(properties), ["unsupported-rescue-bus", "unsupported-rescue-bus"], properties);
  }
  assert.deepEqual(await codes("{ hw_rescue_device: disk, hw_disk_bus: ide }"), ["unsupported-rescue-bus", "unsupported-rescue-bus"]);
  assert.deepEqual(await codes("{ hw_disk_bus: ide }"), ["unsupported-hardware"]);
  assert.deepEqual(await codes("{ hw_rescue_bus: sata, hw_machine_type: pc, hw_disk_bus: ide }"), []);
  await assert.rejects(
    configOf(rescued("{ image: debain }")),
    (error) => error instanceof UserError && /Did you mean ."debian/.test(JSON.stringify(error.diagnostics)),
  );
  await assert.rejects(
    configOf(rescued("always")),
    (error) => error instanceof UserError && /true, false or/.test(JSON.stringify(error.diagnostics)),
  );
});

test("the base image below another project's rescue is in use", async () => {
  const machine = await after(shop());
  const other = doctor
    .replace("project: shop", "project: other")
    .replace(/ {2}db:[\s\S]*/, "")
    .replace("  web:", "  patient:");
  await applied(machine, other);
  const { changes } = await planOf(await runOn(machine.boot(), shop(), { destroy: true, images: true }));
  const bases = changes.filter(({ address }) => address.startsWith("base/"));
  // debian is below the root disk of the other project's guest, and fedora below its rescue.
  assert.deepEqual(bases.map(({ before }) => (before as { readonly image: string }).image).sort(), ["initrd", "linux"]);
});

test("each backend has the disk of a rescue beside the root disk, under its name; a CD is a file whatever the backend", () => {
  const facts = {
    sources: {},
    arch: "x86_64",
    kvm: false,
    disk: { total: 2 ** 40, free: 2 ** 40, directIo: true, preallocation: null },
    drivers: { lvm: { size: 2 ** 40, free: 2 ** 40, extentSize: 2 ** 22 }, rbd: { pool: true, monitors: ["10.0.0.1:6789"] } },
  } as unknown as HostFacts;
  const attachments = (imagesType: string, format: "raw" | "iso") => {
    const config: Config = {
      host: { images_type: imagesType, lvm: { volume_group: "vg0" }, rbd: { pool: "vms" }, instances_path: "/i" },
      images: { own: { source: "/own", disk_format: "raw" }, doctor: { source: "/doctor", disk_format: format } },
      flavors: { small: { vcpus: 1, ram: 2 ** 30, disk: 2 ** 30 } },
      instances: { web: { image: "own", flavor: "small", rescue: { image: "doctor" }, uuid: "u" } },
    };
    const wanted = desiredInstances({ config, settings: hostSettings(config, { root: true, dataHome: "/root" }), facts });
    const [domain] = wanted.flatMap(({ spec }) => (spec.kind === "domain" ? [spec.domain] : []));
    assert.deepEqual(
      wanted.flatMap(({ address, spec }) => (spec.kind === "disk" ? [`${address} ${spec.disk.role} ${spec.disk.size}`] : [])),
      [`disk/web.root root ${2 ** 30}`, "disk/web.rescue rescue null"],
    );
    return domain?.disks
      .slice(0, 2)
      .map(({ device, attachment }) => `${device} ${attachment.type} ${attachment.format} ${attachment.source}`);
  };
  assert.deepEqual(attachments("qcow2", "raw"), ["disk file qcow2 /i/u/disk.rescue", "disk file qcow2 /i/u/disk"]);
  assert.deepEqual(attachments("flat", "raw"), ["disk file raw /i/u/disk.rescue", "disk file raw /i/u/disk"]);
  assert.deepEqual(attachments("lvm", "raw"), ["disk block raw /dev/vg0/u_disk.rescue", "disk block raw /dev/vg0/u_disk"]);
  assert.deepEqual(attachments("rbd", "raw"), ["disk network raw vms/u_disk.rescue", "disk network raw vms/u_disk"]);
  assert.deepEqual(attachments("ploop", "raw"), ["disk file raw /i/u/disk.rescue/root.hds", "disk file raw /i/u/disk/root.hds"]);
  assert.deepEqual(attachments("lvm", "iso"), ["cdrom file raw /i/u/disk.rescue", "disk block raw /dev/vg0/u_disk"]);
});

const stories: Readonly<Record<string, readonly [readonly string[], string]>> = {
  "entering rescue": [[shop()], rescued("true")],
  "leaving rescue": [[shop(), rescued("true")], shop()],
  "another image for the rescue": [[shop(), rescued("true")], rescued("{ image: fedora }")],
  "entering a stable rescue": [[doctor.replaceAll(/ {4}rescue: .*\n/g, "")], doctor],
  "leaving a stable rescue": [[doctor], doctor.replaceAll(/ {4}rescue: .*\n/g, "")],
  "entering rescue switched off, with a larger disk": [[shop({ power: "stopped" })], rescued("true", { power: "stopped", disk: "2GiB" })],
};
for (const way of ["kill -9", "power cut in the middle of an effect"] as const) {
  for (const [name, [before, wanted]] of Object.entries(stories)) {
    test(`${name}, ${way}`, async () => {
      const kills = await killEverywhere({ from: await after(...before), yaml: wanted }, way);
      assert.ok(kills >= 10, `only ${kills} effects`);
    });
  }
  test(`destroyed in rescue, ${way}`, async () => {
    await killEverywhere({ from: await after(rescued("true")), yaml: rescued("true"), destroy: true, images: true }, way);
  });
}
