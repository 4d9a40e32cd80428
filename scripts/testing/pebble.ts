/** Debian's Pebble, the certificate authority of the tests that speak ACME. */
export const PEBBLE = "/usr/bin/pebble";
