/** The name of the device of a VLAN in a guest, as Linux and cloud-init name it by its card: `eth0.42`. */
export function vlanDevice(card: string, id: number): string {
  return `${card}.${id}`;
}
