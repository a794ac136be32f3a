/**
 * An extension of JupyterLab 4 and Notebook 7 that adds the marking desk to the menu Nbgrader, the
 * command palette and the launcher. It is written by hand in the prebuilt form and needs no build.
 *
 * JupyterLab loads this file, hands its own modules to `init`, and calls `get` for the plugin.
 * A server that has the desk writes the desk's path into the page's configuration. On any other
 * server the path is missing, and the plugin adds nothing.
 */

/** @typedef {{get: () => Promise<() => any>}} Shared */
/** @typedef {Record<string, Record<string, Shared>>} Scope */
/** @typedef {{command?: string}} MenuItem */
/**
 * @typedef {{id: string, items: MenuItem[], insertItem: (index: number, item: object) => void}} Menu
 */
/**
 * @typedef {object} App
 * @property {{addCommand: (id: string, options: object) => void}} commands
 * @property {Promise<unknown>} restored
 */
/**
 * @typedef {object} Tools
 * @property {{getOption: (name: string) => string, getBaseUrl: () => string}} PageConfig
 * @property {{join: (...parts: string[]) => string}} URLExt
 */

(() => {
  const OPEN = { command: "fdl-desk:open" };
  const FORMGRADER = /^nbgrader:open-formgrader/;

  /** @type {Scope} */
  let scope = {};

  /**
   * Return a module of JupyterLab, or {} if this application does not have it.
   * @param {string} name
   * @returns {Promise<any>}
   */
  async function load(name) {
    const [version] = Object.values(scope[name] ?? {});
    return version ? (await version.get())() : {};
  }

  /**
   * Add the desk to the menu Nbgrader, below the formgrader.
   * @param {readonly Menu[]} menus
   */
  function addToMenu(menus) {
    const menu = menus.find((each) => each.id === "jp-mainmenu-nbgrader");
    const commands = menu?.items.map((item) => FORMGRADER.test(item.command ?? "")) ?? [];
    menu?.insertItem(commands.lastIndexOf(true) + 1, OPEN);
  }

  async function makePlugin() {
    /** @type {Tools} */
    const { PageConfig, URLExt } = await load("@jupyterlab/coreutils");
    const { IMainMenu } = await load("@jupyterlab/mainmenu");
    const { ICommandPalette } = await load("@jupyterlab/apputils");
    const { ILauncher } = await load("@jupyterlab/launcher");
    const { editIcon } = await load("@jupyterlab/ui-components");
    const tokens = [IMainMenu, ICommandPalette, ILauncher].filter(Boolean);

    /**
     * @param {App} app
     * @param {...any} services JupyterLab's services for `tokens`; null for a missing service
     */
    function activate(app, ...services) {
      const path = PageConfig.getOption("fdlDesk");
      if (!path) {
        return;
      }
      const service = (/** @type {unknown} */ token) => services[tokens.indexOf(token)];
      app.commands.addCommand(OPEN.command, {
        label: "Marking Desk",
        caption: "Mark proofs and texts by hand, one answer at a time",
        icon: (/** @type {{isCard?: boolean}} */ { isCard }) => (isCard ? editIcon : undefined),
        execute: () => {
          window.open(URLExt.join(PageConfig.getBaseUrl(), path), "_blank", "noopener");
        },
      });
      service(ICommandPalette)?.addItem({ ...OPEN, category: "nbgrader" });
      service(ILauncher)?.add({ ...OPEN, args: { isCard: true }, category: "Other" });
      app.restored.then(() => addToMenu(service(IMainMenu)?.menus ?? []));
    }

    return { id: "@fdl/desk:plugin", autoStart: true, optional: tokens, activate };
  }

  const page = /** @type {Record<string, any>} */ (/** @type {unknown} */ (window));
  page._JUPYTERLAB = page._JUPYTERLAB ?? {};
  page._JUPYTERLAB["@fdl/desk"] = {
    /** @param {Scope} given */
    init(given) {
      scope = given;
    },
    /** @param {string} module */
    async get(module) {
      if (module !== "./extension") {
        throw new Error(`@fdl/desk has no module ${module}`);
      }
      const plugin = await makePlugin();
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
