import type { CloudImage } from "./cloud-images.ts";

/** What a new configuration says. */
export interface NewProject {
  readonly project: string;
  readonly image: { readonly name: string } & CloudImage;
  readonly instance: string;
  /** libvirt's URI of the host. Undefined: this machine. */
  readonly uri: string | undefined;
  /** The line of a public ssh key. Undefined: none was found. */
  readonly publicKey: string | undefined;
  /** What the guest is connected to. `user`: QEMU's user network, which allows outgoing connections only. */
  readonly network: { readonly name: string } | "user";
  /** Where editors find the schema. */
  readonly schema: string;
}

/** The text of a new `virtform.yaml`. Pure. */
export function initYaml({ project, image, instance, uri, publicKey, network, schema }: NewProject): string {
  const host = uri === undefined ? "" : `\nhost:\n  uri: ${JSON.stringify(uri)}\n`;
  const keyPairs =
    publicKey === undefined
      ? "\n# Without a key no login is possible. Make one with ssh-keygen, write it here, and `key_pair: admin` into the instance:\n# key_pairs:\n#   admin: { public_key_file: ./admin.pub }\n"
      : `\nkey_pairs:\n  admin:\n    public_key: ${JSON.stringify(publicKey)}\n`;
  const connection =
    network === "user"
      ? "    # QEMU's user network: outgoing connections only. For incoming ones, write a network or bridge of the host: [{ network: default }]\n    networks: [{ user: true }]"
      : `    networks: [{ network: ${JSON.stringify(network.name)} }]`;
  return `# yaml-language-server: $schema=${schema}
#
#   virtform image lock      writes the checksum of the image into this file
#   virtform plan            shows what would change on the host
#   virtform apply           changes it
#   virtform ssh ${instance}

project: ${JSON.stringify(project)}
${host}
images:
  ${image.name}: # ${image.title}
    source: ${image.source}
    # The publisher's checksums: ${image.checksums}
${signedChecksum(image)}    disk_format: qcow2
    properties: { os_type: linux, os_distro: ${image.distribution} }

flavors:
  small: { vcpus: 1, ram: ${image.ram}, disk: ${image.disk} }
${keyPairs}
instances:
  ${instance}:
    image: ${image.name}
    flavor: small
${publicKey === undefined ? "" : "    key_pair: admin\n"}${connection}
`;
}

/** Lines that say how to follow the signed checksums of the publisher, whose keys the user has to choose. */
function signedChecksum({ distribution, checksums, signed }: CloudImage): string {
  if (signed === undefined) return "";
  const key = `./${distribution}.asc`;
  const signature = signed.signature === undefined ? "" : `, signature: ${signed.signature}`;
  return `    # They are signed. With the publisher's keys in ${key} (${signed.keys}), instead of a digest:
    # checksum: { file: ${checksums}${signature}, key: ${key} }
`;
}
