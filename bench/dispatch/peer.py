"""nginx as the peer: one worker, the gateway's own certificate, client certificates checked."""

import os
import subprocess
import sys
import time
from pathlib import Path

CONFIG = """
{user}
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log {run}/error.log;
events {{ worker_connections 18000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {run}/body; proxy_temp_path {run}/proxy; fastcgi_temp_path {run}/fastcgi;
  uwsgi_temp_path {run}/uwsgi; scgi_temp_path {run}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_protocols TLSv1.3;
    ssl_certificate {member}/devices.crt;
    ssl_certificate_key {member}/keys/devices.pem;
    ssl_client_certificate {member}/site-ca/ca.crt;
    ssl_verify_client on;
    root {root};
  }}
}}
"""


def find(folder):
    """Debian's nginx, unpacked and not installed: installing would start a service."""
    binary = folder / "usr/sbin/nginx"
    if not binary.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "nginx"], cwd=folder, check=True, stdout=sys.stderr)
        package = next(folder.glob("nginx_*.deb"))
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    return binary


class Nginx:
    def __init__(self, binary, run, member, root, port):
        run.mkdir(parents=True, exist_ok=True)
        config = run / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""  # the folder is this user's alone
        config.write_text(CONFIG.format(user=user, run=run, member=member, root=root, port=port))
        self.address = f"127.0.0.1:{port}"
        self._log = open(run / "start.log", "wb")
        self._child = subprocess.Popen([binary, "-c", config, "-p", run], stderr=self._log)
        time.sleep(1)
        if self._child.poll() is not None:
            raise RuntimeError("nginx ended: " + Path(self._log.name).read_text()[-500:])

    def stop(self):
        self._child.terminate()
        self._child.wait()
        self._log.close()
