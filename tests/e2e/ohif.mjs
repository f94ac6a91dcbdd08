// The OHIF viewer, served from its npm package (tools/setup puts it into .deps/ohif) on an origin of its
// own, as a hospital that has one already would run it.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const kFolder = fileURLToPath(new URL('../../.deps/ohif', import.meta.url));
const kTypes = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export const hasOhif = () => existsSync(join(kFolder, 'index.html'));

// The package's own configuration, but for the server that it asks and what would call elsewhere.
function configuration(dicomWeb) {
  return `window.config = ${JSON.stringify({
    routerBasename: null,
    extensions: [],
    modes: [],
    showStudyList: true,
    maxNumberOfWebWorkers: 2,
    showLoadingIndicator: true,
    investigationalUseDialog: { option: 'never' },
    defaultDataSourceName: 'lucerna',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'lucerna',
        configuration: {
          friendlyName: 'Lucerna',
          name: 'lucerna',
          qidoRoot: dicomWeb,
          wadoRoot: dicomWeb,
          wadoUriRoot: dicomWeb,
          qidoSupportsIncludeField: true,
          imageRendering: 'wadors',
          thumbnailRendering: 'wadors',
          enableStudyLazyLoad: true,
          supportsFuzzyMatching: false,
          supportsWildcard: true,
          omitQuotationForMultipartRequest: true,
        },
      },
    ],
  })};`;
}

// Resolves with {url, origin, look, stop}; `look(dicomWeb)` says which server it asks from then on.
export async function startOhif() {
  let config = '';
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://any').pathname));
    if (path === '/app-config.js') {
      response.setHeader('Content-Type', 'text/javascript').end(config);
      return;
    }
    const wanted = join(kFolder, path);
    // A path that is no file is a place within the one page.
    const file =
      wanted.startsWith(kFolder) && existsSync(wanted) && statSync(wanted).isFile()
        ? wanted
        : join(kFolder, 'index.html');
    response.setHeader('Content-Type', kTypes[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    url: `${origin}/`,
    origin,
    look: (dicomWeb) => (config = configuration(dicomWeb)),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
