"""What it costs and how it scales, reckoned before it is built: pure arithmetic and its pages.

Nothing here imports the construct library or asks AWS: the templates of `make synth`, the dated
price table and a described load go in, tables and pages come out.
"""
