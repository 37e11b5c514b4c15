/** How a Ceph cluster is reached. */
export interface CephAccess {
  /** Path of the Ceph configuration file on the host. */
  readonly conf: string;
  /** Without `client.`; null leaves it to Ceph's own default. */
  readonly user: string | null;
}
