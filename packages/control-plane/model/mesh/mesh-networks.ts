/** Istio's MeshNetworks, in the shape of its YAML. */
export interface MeshNetworksSpec {
  readonly networks?:
    | Readonly<
        Record<
          string,
          {
            readonly endpoints?:
              | readonly {
                  readonly fromCidr?: string | undefined;
                  readonly fromRegistry?: string | undefined;
                }[]
              | undefined;
            readonly gateways?:
              | readonly {
                  readonly address?: string | undefined;
                  readonly registryServiceName?: string | undefined;
                  readonly port: number;
                }[]
              | undefined;
          }
        >
      >
    | undefined;
}
