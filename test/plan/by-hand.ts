import { publish, root } from "../crash/world.ts";
import { connectAgent } from "../fake-host/backups.ts";
import { pivot, startMirror, takeSnapshot } from "../fake-host/block-jobs.ts";
import type { Machine } from "../fake-host/machine.ts";
import { contentOf } from "../fake-host/program.ts";
import { makeQcow2, readQcow2 } from "../fake-host/qcow2.ts";
import { readSparse } from "../fake-host/sparse.ts";
import { child, childrenOf, printXml, readXml, type Xml, xml } from "../fake-host/xml.ts";

/** What can be done on the host by hand between the apply and the plan: a line of a case, and what it does. */
const deeds: readonly (readonly [line: RegExp, act: (machine: Machine, ...words: string[]) => void])[] = [
  [/^power off (\S+)$/, (machine, name) => machine.libvirtd.destroy(domainOf(machine, name))],
  [/^forget the digest of the base image$/, forgetDigest],
  [/^publish (\S+) with (sha256:\S+)$/, (machine, url = "", checksum = "") => publish(machine, [[url, checksum]])],
  [/^change (\S+) in the net$/, (machine, url = "") => void machine.urls.set(url, Buffer.from("something else"))],
  [/^kill an apply while it waits for (\S+)$/, forgetWait],
  [/^kill an apply while it waits for the interfaces of (\S+)$/, forgetPlugging],
  [/^power (\S+) off because its interfaces are not ready$/, undoPlugging],
  [/^connect the guest agent of (\S+)$/, (machine, name) => connectAgent(domainOf(machine, name))],
  [/^pause (\S+)$/, (machine, name) => machine.libvirtd.suspend(domainOf(machine, name))],
  [/^fill the disk of (\S+)$/, fillDisk],
  [/^save the memory of (\S+)$/, (machine, name) => machine.libvirtd.save(domainOf(machine, name))],
  [
    /^undefine (\S+)$/,
    (machine, name) => machine.libvirtd.undefine(domainOf(machine, name), { managedSave: true, snapshots: true, checkpoints: true }),
  ],
  [/^set the memory of (\S+) to (\d+)MiB$/, setMemory],
  [/^set the running memory of (\S+) to (\d+)MiB$/, setRunningMemory],
  [/^attach a card with the mac (\S+) to the running (\S+)$/, (machine, mac, name) => addCard(domainOf(machine, name).live, mac)],
  [/^store a card with the mac (\S+) for (\S+)$/, (machine, mac, name) => addCard(domainOf(machine, name).stored, mac)],
  [/^remove (\S+) from the definition of (\S+)$/, removeElement],
  [/^edit (\S+) of (\S+): (<.*>)$/, addElements],
  [/^delete (\S+) of (\S+)$/, (machine, file, name) => machine.files.unlink(`${root}/${domainOf(machine, name).uuid}/${file}`)],
  [
    /^set the mode of (\S+) of (\S+) to (\d+)$/,
    (machine, file, name, mode = "") => {
      machine.files.file(`${root}/${domainOf(machine, name).uuid}/${file}`, "open").mode = Number.parseInt(mode, 8);
    },
  ],
  [
    /^set the owner of (\S+) of (\S+) to (\d+):(\d+)$/,
    (machine, file, name, uid, gid) =>
      void Object.assign(machine.files.file(`${root}/${domainOf(machine, name).uuid}/${file}`, "open"), {
        uid: Number(uid),
        gid: Number(gid),
      }),
  ],
  [/^snapshot (\S+) as (\S+)$/, (machine, name, snapshot = "") => takeSnapshot(domainOf(machine, name), snapshot, machine.files, true)],
  [/^pivot (\S+) of (\S+) to (\S+)$/, (machine, target = "", name, to = "") => pivot(domainOf(machine, name), target, to, machine.files)],
  [
    /^start a (copy|active-commit) of (\S+) of (\S+) to (\S+)$/,
    (machine, job, target = "", name, to = "") => startMirror(domainOf(machine, name), target, to, job as "copy"),
  ],
  [
    /^start a (pull|commit) in (\S+) of (\S+)$/,
    (machine, job, target = "", name) => void Object.assign(domainOf(machine, name), { jobs: { [target]: job === "pull" ? 1 : 3 } }),
  ],
  [
    /^record a (snapshot|checkpoint) (\S+) of (\S+)$/,
    (machine, what, label = "", name) => void domainOf(machine, name)[`${what}s` as "snapshots"].push(label),
  ],
  [/^rename (\S+) to (\S+)$/, (machine, name, to = "") => machine.libvirtd.rename(domainOf(machine, name), to)],
  [/^define (\S+) with vda on (\S+)$/, useSource],
  [/^define a clone on (\S+) of (\S+)$/, (machine, file, name) => defineClone(machine, `${root}/${domainOf(machine, name).uuid}/${file}`)],
  [
    /^replace (\S+) of (\S+) by an empty disk$/,
    (machine, file, name) => replaceDisk(machine, `${root}/${domainOf(machine, name).uuid}/${file}`),
  ],
  [
    /^replace (\S+) of (\S+) by an empty overlay$/,
    (machine, file, name) => {
      const path = `${root}/${domainOf(machine, name).uuid}/${file}`;
      machine.files.write(path, makeQcow2({ size: 2 ** 31, backing: { path: baseImage(machine), format: "raw" } }));
    },
  ],
  [
    /^rebase (\S+) of (\S+) to (\S+)$/,
    (machine, file, name, base) => replaceDisk(machine, `${root}/${domainOf(machine, name).uuid}/${file}`, base),
  ],
  [/^define a clone on the base image$/, (machine) => defineClone(machine, baseImage(machine))],
  [/^move the directory of (\S+) away$/, moveAway],
  [
    /^damage the label of (\S+)$/,
    (machine, name) => machine.put(`${root}/${domainOf(machine, name).uuid}/virtform.json`, '{"version":1,"proj', 0o600),
  ],
  [/^damage the label of the volume (\S+)$/, damageVolume],
  [/^damage the network (\S+)$/, damageNetwork],
  [
    /^damage the filter (\S+)$/,
    (machine, name = "") => void Object.assign(machine.libvirtd.filters.find(name) ?? {}, { document: "<filter" }),
  ],
  [/^unmount the instances path$/, (machine) => void machine.files.unmount(root)],
  [/^uninstall (ovmf|swtpm)$/, (machine, name) => void machine.libvirtd.installed.delete(name as "ovmf" | "swtpm")],
  [/^set autostart of (\S+)$/, (machine, name) => void Object.assign(domainOf(machine, name), { autostart: true })],
  [/^delete the base images$/, deleteBases],
  [
    /^move the image cache to (\S+)$/,
    (machine, name) => {
      machine.files.rename(`${root}/_base`, `${root}/${name}`);
      machine.files.symlink(`${root}/${name}`, `${root}/_base`);
    },
  ],
  [/^stop the network (\S+)$/, (machine, name = "") => void machine.libvirtd.networks.set(name, false)],
  [/^define a network (\S+)$/, (machine, name = "") => void machine.libvirtd.networks.set(name, true)],
  [/^edit the network (\S+): (\S+) becomes (\S+)$/, editNetwork],
  [/^undefine the filter (\S+)$/, (machine, name) => removeFilter(machine, name)],
  [/^remove the rule for port (\d+) from the filter (\S+)$/, removeRule],
  [/^define the filter (\S+) with another uuid$/, redefineFilter],
  [/^take the filter off the device of (\S+)$/, unbind],
  [/^remove the filter from the running (\S+)$/, (machine, name) => removeFilterref(domainOf(machine, name).live)],
  [/^disable network filters$/, (machine) => void Object.assign(machine.libvirtd.filters, { driver: false })],
  [/^let traffic pass bridges$/, (machine) => machine.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n")],
  [/^add the (bridge|interface) (\S+)$/, (machine, kind, name) => addInterface(machine, name ?? "", kind === "bridge")],
  [/^define (\S+) with (\d+)GiB of memory$/, defineLarge],
  [/^define (\S+) with uuid (\S+)$/, define],
  [/^write (\S+): (.*)$/, (machine, path, content) => machine.put(`${root}/${path}`, content ?? "")],
];

/** `virsh net-edit`: the definition alone. */
function editNetwork(machine: Machine, name = "", from = "", to = ""): void {
  const { networks } = machine.libvirtd;
  const network = networks.named(name);
  if (network === undefined) throw new Error(`there is no network ${name}`);
  networks.define(networks.document(network, true).replace(from, to));
}

/** Does what one line of a case says. Throws for a line that is not known. */
export function doByHand(machine: Machine, line: string): void {
  for (const [pattern, act] of deeds) {
    const match = pattern.exec(line);
    if (match === null) continue;
    act(machine, ...match.slice(1));
    return;
  }
  throw new Error(`not known: ${line}. Known are:\n${deeds.map(([pattern]) => pattern.source).join("\n")}`);
}

/** As an apply leaves it that was killed after it started the guest. */
function forgetWait(machine: Machine, name = ""): void {
  mark(machine, name, "unready");
}

/** As an apply leaves it that was killed after it started the guest paused. */
function forgetPlugging(machine: Machine, name = ""): void {
  mark(machine, name, "plugging");
  machine.libvirtd.suspend(domainOf(machine, name));
}

function undoPlugging(machine: Machine, name = ""): void {
  mark(machine, name, "plugging");
  machine.libvirtd.destroy(domainOf(machine, name));
}

function mark(machine: Machine, name: string, what: "unready" | "plugging"): void {
  const path = `${root}/${domainOf(machine, name).uuid}/virtform.json`;
  const label = JSON.parse(readSparse(machine.files.file(path, "open").content).toString("utf8"));
  label.objects.domain[what] = true;
  machine.put(path, JSON.stringify(label), 0o600);
}

/** As an apply leaves it that was killed after the base image was published. */
function forgetDigest(machine: Machine): void {
  const [path = ""] = machine.files.walk().find(([path]) => /\/_base\/[0-9a-f]{40}\.json$/.test(path)) ?? [];
  const { content: _digest, ...sidecar } = JSON.parse(readSparse(machine.files.file(path, "open").content).toString("utf8"));
  machine.put(path, JSON.stringify(sidecar));
}

function domainOf(machine: Machine, name = "") {
  const domain = machine.libvirtd.find(name);
  if (domain === undefined) throw new Error(`there is no domain ${name}`);
  return domain;
}

/** As with `virsh nwfilter-undefine`, which refuses a filter in use. */
function removeFilter(machine: Machine, name = ""): void {
  machine.libvirtd.filters.undefine(name);
}

function removeRule(machine: Machine, port?: string, name = ""): void {
  const { filters } = machine.libvirtd;
  const rule = new RegExp(`  <rule [^>]*>\n    <[^>]* dstportstart='${port}'[^>]*/>\n  </rule>\n`);
  const { document = "" } = filters.find(name) ?? {};
  if (!rule.test(document)) throw new Error(`no rule for port ${port} in ${document}`);
  filters.define(document.replace(rule, ""));
}

function redefineFilter(machine: Machine, name = ""): void {
  const { filters } = machine.libvirtd;
  if (filters.find(name) !== undefined) filters.undefine(name);
  filters.define(`<filter name='${name}'><uuid>00000000-0000-4000-8000-0000000000f1</uuid></filter>`);
}

function unbind(machine: Machine, name?: string): void {
  const card = childrenOf(child(domainOf(machine, name).live, "devices"), "interface")[0];
  machine.libvirtd.filters.unbind(child(card, "target")?.attributes["dev"] ?? "");
}

function removeFilterref(domain: Xml | undefined): void {
  const card = childrenOf(child(domain, "devices"), "interface")[0];
  if (card !== undefined) card.children = card.children.filter(({ name }) => name !== "filterref");
}

function moveAway(machine: Machine, name?: string): void {
  machine.files.makeDirectories("/srv/moved");
  machine.files.rename(`${root}/${domainOf(machine, name).uuid}`, `/srv/moved/${name}`);
}

/** The label says the name of the volume no more. */
function damageVolume(machine: Machine, name?: string): void {
  const labels = machine.files.walk().flatMap(([path]) => (/\/volumes\/[^/]+\/virtform\.json$/.test(path) ? [path] : []));
  const label = labels.find((path) => JSON.parse(contentOf(machine.files, path).toString("utf8")).volume === name);
  if (label === undefined) throw new Error(`there is no volume ${name}`);
  machine.put(label, '{"version":1,"proj', 0o600);
}

/** libvirt gives a definition of the network that is no XML. */
function damageNetwork({ libvirtd: { networks } }: Machine, name?: string): void {
  const { document } = networks;
  networks.document = (network, inactive) => document(network, inactive).replace("<name>", network.name === name ? "<name" : "<name>");
}

/** A domain without a project, which is off. */
function defineLarge(machine: Machine, name?: string, gibibytes?: string): void {
  machine.libvirtd.define(
    `<domain type='qemu'><name>${name}</name><uuid>00000000-0000-4000-8000-00000000000a</uuid><memory unit='GiB'>${gibibytes}</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
  );
}

/** A domain of another program, whose disk is an overlay outside of the instances path. */
function defineClone(machine: Machine, below: string): void {
  const format = readQcow2(machine.files.file(below, "open").content) === undefined ? "raw" : "qcow2";
  machine.put("/srv/clones/clone.qcow2", "");
  machine.files.write("/srv/clones/clone.qcow2", makeQcow2({ size: 2 ** 32, backing: { path: below, format } }));
  machine.libvirtd.define(
    `<domain type='qemu'><name>clone</name><uuid>ffffffff-0000-4000-8000-00000000000c</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/clones/clone.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
  );
}

function replaceDisk(machine: Machine, path: string, base?: string): void {
  if (base !== undefined) machine.put(base, "another base");
  machine.files.write(path, makeQcow2({ size: 2 ** 31, ...(base === undefined ? {} : { backing: { path: base, format: "raw" } }) }));
}

function baseImage(machine: Machine): string {
  const found = machine.files.walk().find(([path]) => /_base\/[0-9a-f]{40}$/.test(path));
  if (found === undefined) throw new Error("there is no base image");
  return found[0];
}

function useSource(machine: Machine, name?: string, path = ""): void {
  const disk = childrenOf(child(domainOf(machine, name).stored, "devices"), "disk")[0];
  const source = child(disk, "source");
  if (source !== undefined) source.attributes = { ...source.attributes, file: path };
}

function addInterface(machine: Machine, name: string, isBridge: boolean): void {
  machine.files.makeDirectories(`/sys/class/net/${name}${isBridge ? "/bridge" : ""}`);
}

function setMemory(machine: Machine, name?: string, mebibytes?: string): void {
  const { stored } = domainOf(machine, name);
  for (const element of ["memory", "currentMemory"]) {
    const found = child(stored, element);
    if (found !== undefined) found.text = String(Number(mebibytes) * 1024);
  }
}

/** As `virsh setmem --live`. */
function setRunningMemory(machine: Machine, name?: string, mebibytes?: string): void {
  const current = child(domainOf(machine, name).live, "currentMemory");
  if (current !== undefined) current.text = String(Number(mebibytes) * 1024);
}

/** As `virsh attach-interface --live` or `--config`. */
function addCard(domain: Xml | undefined, mac = ""): void {
  child(domain, "devices")?.children.push(
    xml("interface", { type: "network" }, [
      xml("mac", { address: mac }),
      xml("source", { network: "default" }),
      xml("model", { type: "virtio" }),
    ]),
  );
}

/** Adds elements to the stored definition, as `virsh edit` does. */
function addElements(machine: Machine, path = "", name?: string, elements?: string): void {
  const { stored } = domainOf(machine, name);
  const added = readXml(`<all>${elements}</all>`).children;
  const parent = path === "domain" ? stored : child(stored, ...path.split("/"));
  if (stored === undefined || parent === undefined) throw new Error(`there is no ${path} in the definition of ${name}`);
  parent.children.push(...added);
  machine.libvirtd.define(printXml(stored));
}

function removeElement(machine: Machine, path = "", name?: string): void {
  const { stored } = domainOf(machine, name);
  const names = path.split("/");
  const found = child(stored, ...names);
  const parent = child(stored, ...names.slice(0, -1));
  if (stored === undefined || found === undefined || parent === undefined)
    throw new Error(`there is no ${path} in the definition of ${name}`);
  parent.children.splice(parent.children.indexOf(found), 1);
  machine.libvirtd.define(printXml(stored));
}

function deleteBases(machine: Machine): void {
  for (const [path] of machine.files.walk()) if (/_base\/[0-9a-f]{40}$/.test(path)) machine.files.unlink(path);
}

function define(machine: Machine, name?: string, uuid?: string): void {
  machine.libvirtd.define(
    `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>128</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
  );
}

/** The guest is paused by an I/O error, as there is no space for what it writes. */
function fillDisk(machine: Machine, name = ""): void {
  const domain = domainOf(machine, name);
  domain.full = true;
  machine.libvirtd.suspend(domain);
}
