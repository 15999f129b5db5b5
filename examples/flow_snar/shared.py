"""The same campaign with a lab that a host owns, here or in another process of a container.

labloop lab up examples/flow_snar/lab.toml --name flow
labloop run examples/flow_snar/shared.py
"""

from dataclasses import replace

from campaign import campaign as alone

campaign = replace(alone, name="snar-shared", lab="host://flow")
