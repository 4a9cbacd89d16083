/**
 * The door to the PKI. Reading certificates and PEM costs nothing at load;
 * whatever makes a certificate loads its library then. `identity.ts` brings
 * gRPC with it and has a door of its own.
 */
export {
  BACKDATE_MS,
  Ca,
  type CaKind,
  type CaOptions,
  DAY_MS,
  generateCa,
  HOUR_MS,
  issueAdmin,
  type LeafOptions,
  type PairOptions,
  TEN_YEARS_MS,
  type Usage,
} from "./ca.ts";
export {
  CertificateError,
  type CertificateFacts,
  isSignedBy,
  readCertificate,
} from "./certificate.ts";
export {
  createCsr,
  type Csr,
  CsrError,
  readCsr,
  requestedOrganizations,
} from "./csr.ts";
export { organizationsOf, readSubject } from "./der.ts";
export {
  exportKey,
  generateKey,
  importKey,
  type KeyAlgorithm,
  type KeyPair,
} from "./keys.ts";
export {
  decodePem,
  encodePem,
  fromBase64,
  Label,
  PemError,
  type PemPair,
  tlsKey,
  toBase64,
} from "./pem.ts";
export { keepRenewed, type RenewalOptions } from "./renewal.ts";
