import type { AdmittedProxy } from './admission.ts';

/** The proxies whose streams are open, by id. */
export class ConnectedProxies {
  /** Admitted, their stream not reported open yet. */
  readonly #admitted = new Map<string, AdmittedProxy>();
  readonly #open = new Map<string, AdmittedProxy>();

  admitted(proxy: AdmittedProxy): void {
    this.#admitted.set(proxy.id, proxy);
  }

  /** Undefined when it was never admitted. */
  opened(id: string): AdmittedProxy | undefined {
    const proxy = this.#admitted.get(id);
    this.#admitted.delete(id);
    if (proxy !== undefined) this.#open.set(id, proxy);
    return proxy;
  }

  closed(id: string): AdmittedProxy | undefined {
    const proxy = this.#open.get(id);
    this.#open.delete(id);
    return proxy;
  }

  get(id: string): AdmittedProxy | undefined {
    return this.#open.get(id);
  }

  get size(): number {
    return this.#open.size;
  }

  /** A proxy has got a new certificate for the one it has shown; its open stream goes on under the old. */
  renewed(previousSerial: string, next: { readonly serialNumber: string; readonly notAfter: number }): void {
    for (const [id, proxy] of this.#open) {
      if (proxy.serialNumber !== previousSerial) continue;
      const { serialNumber, notAfter } = next;
      this.#open.set(id, { ...proxy, serialNumber, notAfter });
    }
  }
}
