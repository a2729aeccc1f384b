/** The one place that loads the X.509 library, which needs `Reflect.getMetadata`; it signs with Node's WebCrypto. */
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export { x509 };
