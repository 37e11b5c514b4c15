import { shellWord } from "../../model/shell-word.ts";
import { errorDomains, errorCodes as is, type LibvirtError } from "./libvirt-error.ts";

/** What to do about a refusal, by the procedure and libvirt's numbers; undefined where nothing is known. Pure. */
export function hintFor(error: LibvirtError, networks: Networks = { inactive: [], missing: [] }): string | undefined {
  const { procedure, number, domain, errno } = error;
  const starts = procedure === "DOMAIN_CREATE_WITH_FLAGS";
  const defines = procedure === "DOMAIN_DEFINE_XML_FLAGS";
  if (number === is.accessDenied || number === is.operationDenied || domain === errorDomains.polkit || number === is.authFailed)
    return rights;
  if (number === is.noSupport) return "This libvirt or its driver is too old for it, or the connection is not to qemu: check host.uri.";
  if (defines && domain === errorDomains.domain && number === is.operationFailed) {
    return "Another domain has this name or uuid: rename one of them (`virsh domrename OLD NEW`), or choose another name.";
  }
  if (procedure === "NETWORK_CREATE" && number === is.internalError) return networkNotStarted;
  if (!starts) return undefined;
  if (isAboutNetworks(error)) return networkHint(networks);
  if (number === is.noSecret) {
    return "A disk of this guest needs a secret that libvirt does not have or has without a value. For Ceph it is host.rbd.secret_uuid: `ceph auth get-key client.USER > KEYFILE`, then `virsh secret-set-value UUID --file KEYFILE`.";
  }
  if (errno === errnos.EACCES || errno === errnos.EPERM) return unreadable;
  if (errno === errnos.ENODEV) return "The bridge that an interface names does not exist on the host.";
  if (errno === errnos.ENOMEM) return "The host does not have enough free memory for this guest.";
  if (domain === errorDomains.rpc || domain === errorDomains.logging) {
    return "Another daemon of libvirt does not answer; virtlogd writes the console log: systemctl start virtlogd.";
  }
  if (number === is.internalError && domain === errorDomains.qemu) return qemuEnded;
  if (number === is.internalError && domain === errorDomains.lxc) return containerEnded;
  return undefined;
}

/** The networks of a guest that it cannot be started with. */
export interface Networks {
  readonly inactive: readonly string[];
  readonly missing: readonly string[];
}

/** Whether a start was refused because of a network. */
export function isAboutNetworks({ procedure, number, domain }: LibvirtError): boolean {
  return procedure === "DOMAIN_CREATE_WITH_FLAGS" && (number === is.noNetwork || domain === errorDomains.network);
}

function networkHint({ inactive, missing }: Networks): string {
  const [name] = inactive;
  if (name !== undefined)
    return `Start it with \`virsh net-start ${shellWord(name)}\`; \`virsh net-autostart ${shellWord(name)}\` starts it at boot.`;
  const which = missing.length === 0 ? "" : `The host has no network ${missing.join(", ")}. `;
  return `${which}\`virsh net-list --all\` shows the networks of the host.`;
}

/** System error numbers of Linux, the same on all architectures. */
const errnos = { EPERM: 1, ENOMEM: 12, EACCES: 13, ENODEV: 19 } as const;

const networkNotStarted =
  "The usual cause is another interface of the host with addresses of its subnets, or with the name of its bridge: `ip -brief address` lists them. Choose another cidr or bridge. Otherwise the log of libvirt has more (journalctl -u libvirtd).";
const rights =
  "This user may not do that: add it to the group libvirt (usermod -aG libvirt USER, then log in again), or allow the polkit action org.libvirt.unix.manage.";
const unreadable =
  "The guest's process may not read a file: every directory above it must be searchable by the user that qemu runs as (libvirt-qemu on Debian), the file must belong to that user or be readable by it, and AppArmor or SELinux must allow the path (journalctl -k shows denials).";
const containerEnded =
  "Its log is in /var/log/libvirt/lxc. Usual causes: the program that init names is not in the root file system; the image has a partition table, and a container needs an image of the file system alone; the host has no cgroups or no loop devices.";
const qemuEnded =
  "qemu ended; its log is in /var/log/libvirt/qemu. Usual causes: a disk that its user may not read (directories above it must be searchable; journalctl -k shows denials by AppArmor or SELinux), a wrong key for Ceph in libvirt's secret, too little free memory, or a missing /dev/kvm (set host.virt_type to qemu for emulation).";
