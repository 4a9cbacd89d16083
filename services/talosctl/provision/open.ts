/** Which provisioner a name stands for. */
import { ContainerProvisioner } from "./container.ts";
import { type Provisioner, ProvisionError } from "./provision.ts";

/** The provisioner `kind`, with its records below `state`. */
export function openProvisioner(kind: string, state: string): Provisioner {
  if (kind === "container") return new ContainerProvisioner(state);
  throw new ProvisionError(
    { kind: "later", provisioner: kind },
    `Provisioner "${kind}" is not there yet; use --provisioner container`,
  );
}
