/** Fields of a guest that concern nothing else, whatever is not known of other objects. */
export const harmlessFields = /^(?:autostart|memory|power_state|prevent_destroy|shutdown_\w+|vcpus)$/;
