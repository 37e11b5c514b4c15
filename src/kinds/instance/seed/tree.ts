import type { Json } from "../../../model/json.ts";
import type { SeedSecrets } from "../../terms/seed-state.ts";
import type { SeedSpec } from "../../terms/spec.ts";
import { networkData } from "./network.ts";
import { fileVendorData } from "./vendor-data.ts";

/** Values for a config drive that must not appear in a plan. */
export interface SeedValues extends SeedSecrets {
  /** 512 random bytes for the guest's entropy pool. */
  readonly randomSeed: Buffer;
}

/** Contents by path. */
export type SeedTree = ReadonlyMap<string, Buffer>;

const availabilityZone = "nova";

/** Dates of the metadata format at which something was added (Nova CFG-08, CFG-09). */
const since = {
  randomSeed: "2013-04-04",
  vendorData: "2013-10-17",
  projectId: "2015-10-15",
  networkData: "2015-10-15",
  devices: "2016-06-30",
  vendorData2: "2016-10-06",
  dedicatedCpus: "2020-10-14",
} as const;

/** All versions that a drive carries; `latest`, which sorts after every date, has what the newest has. */
const openstackVersions = [
  "2012-08-10",
  "2013-04-04",
  "2013-10-17",
  "2015-10-15",
  "2016-06-30",
  "2016-10-06",
  "2017-02-22",
  "2018-08-27",
  "2020-10-14",
  "2025-04-04",
  "latest",
] as const;

const ec2Versions = ["2009-04-04", "latest"] as const;

/** Every file of the config drive by its path (Nova CFG-08 … CFG-11), in a stable order, each JSON in a stable order of keys. Pure. */
export function seedTree(spec: SeedSpec, values: SeedValues): SeedTree {
  const tree = new Map<string, Buffer>();
  const vendorData = fileVendorData(spec.files);
  const json = (path: string, value: Json) => tree.set(path, Buffer.from(JSON.stringify(value)));
  for (const [index, { base64 }] of spec.files.entries()) tree.set(`openstack${contentPath(index)}`, Buffer.from(base64, "base64"));
  for (const version of ec2Versions) {
    json(`ec2/${version}/meta-data.json`, ec2MetaData(spec));
    if (values.userData !== null) tree.set(`ec2/${version}/user-data`, values.userData);
  }
  for (const version of openstackVersions) {
    const folder = `openstack/${version}`;
    json(`${folder}/meta_data.json`, metaData(spec, values, version));
    if (values.userData !== null) tree.set(`${folder}/user_data`, values.userData);
    if (version >= since.vendorData) json(`${folder}/vendor_data.json`, vendorData === null ? {} : { "cloud-init": vendorData });
    if (version >= since.networkData) json(`${folder}/network_data.json`, networkData(spec));
    if (version >= since.vendorData2) json(`${folder}/vendor_data2.json`, { static: {} });
  }
  return tree;
}

/** `meta_data.json` as a version knows it (Nova CFG-09; the password in clear, CFG-13). Absent values have no key. */
function metaData(spec: SeedSpec, values: SeedValues, version: string): Json {
  const keys = sorted(spec.publicKeys);
  const hasKeys = keys.length > 0;
  const meta = sorted(spec.metadata);
  return {
    uuid: spec.uuid,
    ...(meta.length > 0 && { meta: Object.fromEntries(meta) }),
    ...(values.adminPassword !== null && { admin_pass: values.adminPassword }),
    ...(hasKeys && { public_keys: Object.fromEntries(keys) }),
    ...(hasKeys && { keys: keys.map(([name, data]) => ({ name, type: "ssh", data })) }),
    ...(spec.files.length > 0 && { files: spec.files.map(({ path }, index) => ({ path, content_path: contentPath(index) })) }),
    hostname: spec.hostname,
    name: spec.instance,
    launch_index: spec.launchIndex,
    availability_zone: availabilityZone,
    ...(version >= since.randomSeed && { random_seed: values.randomSeed.toString("base64") }),
    ...(version >= since.projectId && { project_id: spec.project }),
    ...(version >= since.devices && { devices: [] }),
    ...(version >= since.dedicatedCpus && { dedicated_cpus: [] }),
  };
}

/**
 * `meta-data.json` in EC2's words (Nova CFG-10). EC2's short ids are derived from the uuid, or all zeros where
 * virtform has no equivalent. The manifest path is Nova's own placeholder. An address that DHCP chooses is not known here.
 */
function ec2MetaData(spec: SeedSpec): Json {
  const keys = sorted(spec.publicKeys);
  const addresses = spec.interfaces.flatMap((nic) => nic.addresses ?? []);
  return {
    "ami-id": "ami-00000000",
    "ami-launch-index": spec.launchIndex,
    "ami-manifest-path": "FIXME",
    "block-device-mapping": { ...spec.blockDevices },
    hostname: spec.hostname,
    "instance-action": "none",
    "instance-id": `i-${spec.uuid.slice(0, 8)}`,
    "instance-type": spec.flavor,
    ...(spec.kernel && { "kernel-id": "aki-00000000" }),
    "local-hostname": spec.hostname,
    "local-ipv4": addresses.find(({ family }) => family === 4)?.address ?? null,
    placement: { "availability-zone": availabilityZone },
    "public-hostname": spec.hostname,
    "public-ipv4": "",
    ...(keys.length > 0 && { "public-keys": Object.fromEntries(keys.map(([, key], index) => [String(index), { "openssh-key": key }])) }),
    ...(spec.ramdisk && { "ramdisk-id": "ari-00000000" }),
    "reservation-id": `r-${spec.uuid.slice(-8)}`,
    "security-groups": [],
  };
}

/** Where a file of a guest is on the drive, below `openstack` (Nova CFG-08). */
const contentPath = (index: number) => `/content/${String(index).padStart(4, "0")}`;

/** Sorted by name in the order of code units, which does not depend on the locale. */
function sorted(values: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1));
}
