"""The page: one scene, a look to begin with, and a Session for every visitor."""

import threading
from concurrent.futures import Future
from pathlib import Path

import viser

from geomdl.errors import GeometryError
from geomdl.viewer.compose import compose
from geomdl.viewer.drawing import Drawing
from geomdl.viewer.look import Look
from geomdl.viewer.page import guard, panel
from geomdl.viewer.page.aim import aim
from geomdl.viewer.page.session import Session, Shared
from geomdl.viewer.page.worker import leave_half
from geomdl.viewer.scene import Scene
from geomdl.viewer.viewpoint import initial

PLAIN = Look()
BESIDE = Path(__file__).with_name("beside.html")
ENDING = 10.0  # seconds that `stop` waits for each thread
ASPECT = 1.6  # of a usual page; each visitor's own is not known before it connects


class Viewer:
    """Serves a scene on a host and a port, or the next free one, until `stop`.

    Serves at once and draws the first picture meanwhile; `ready` waits for that. Raises
    GeometryError for a host that is not of this machine. fps: a sequence plays at once, so fast.
    """

    def __init__(
        self,
        scene: Scene,
        look: Look = PLAIN,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        title: str | None = None,
        dark: bool = False,
        fps: float | None = None,
    ) -> None:
        guard.check_host(host)
        self.look = look
        title = title or ", ".join(scene.names[:3]) or "geomdl"
        self._shared = Shared(scene, title, fps)
        self._sessions: dict[int, Session] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._host = host
        self._served: Future[viser.ViserServer] = Future()
        self._first: Future[Drawing] = Future()
        self._drawing = threading.Thread(target=self._draw_first, name="first drawing", daemon=True)
        self._drawing.start()
        try:
            self._server = self._serve(host, port)
        except BaseException:
            self._served.cancel()
            raise
        self._served.set_result(self._server)
        gui = self._server.gui
        gui.configure_theme(show_logo=False, show_share_button=False, dark_mode=dark)
        gui.set_panel_label("geomdl")
        gui.main_panel.dock_right()
        self._server.scene.configure_default_lights(False, cast_shadow=False)
        self._server.scene.configure_environment_map(None)
        self._server.on_client_connect(self._connected)
        self._server.on_client_disconnect(self._disconnected)

    @property
    def url(self) -> str:
        """Where the page is."""
        name = self._host if guard.is_loopback(self._host) else guard.address()
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self._server.get_port()}/"

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The visitors who are there."""
        with self._lock:
            return tuple(self._sessions.values())

    def turn_to(self, frame: int) -> None:
        """Show a frame to all visitors, and to those who come later."""
        self.look = self.look.replace(frame=frame)
        for session in self.sessions:
            session.change(frame=frame)

    def ready(self) -> Drawing:
        """Wait for the first drawing. Raises GeometryError for a look that cannot be drawn."""
        return self._first.result()

    def wait(self) -> None:
        """Sleep until `stop`; Ctrl-C is raised as KeyboardInterrupt."""
        self._stopped.wait()

    def stop(self) -> None:
        """End all sessions and the server.

        Waits for what is being drawn: Python cannot end while its threads compute in native code.
        """
        sessions = self.sessions
        for session in sessions:
            session.close()
        if not self._stopped.is_set():
            self._stopped.set()
            with guard.quiet():
                self._server.stop()
        for session in sessions:
            session.join(ENDING)
        self._drawing.join(ENDING)

    def _serve(self, host: str, port: int) -> viser.ViserServer:
        server = None
        try:
            with guard.guarded(host, {"/beside": BESIDE.read_text()}), guard.quiet():
                server = viser.ViserServer(host=host, port=port, verbose=False)
        except GeometryError:
            if server is not None:
                server.stop()
            raise
        guard.forbid_sharing(server)
        return server

    def _draw_first(self) -> None:
        """The first visitor's picture, while the server and their browser still start."""
        leave_half()
        try:
            drawing = compose(self._shared.scene, self.look)
            server = self._served.result()
            if not self._stopped.is_set():
                aim(server, initial(drawing, self.look, ASPECT), drawing)
            self._shared.files.prepare(drawing)
            self._first.set_result(drawing)
        except BaseException as error:  # raised again by `ready`
            self._first.set_exception(error)

    def _connected(self, client: viser.ClientHandle) -> None:
        session = Session(self._shared, client, self.look)
        with self._lock:
            self._sessions[client.client_id] = session
        session.start(panel.build)

    async def _disconnected(self, client: viser.ClientHandle) -> None:
        # Not on viser's pool of threads: that takes no more work once the server stops.
        with self._lock:
            session = self._sessions.pop(client.client_id, None)
        if session is not None:
            session.close()
