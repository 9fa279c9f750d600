"""How the services would scale under a load: a replay of the autoscaling of the templates.

Pure and in whole seconds: a template, a load curve and a seed give one outcome. The order of
reading: `curves` and `template` say what goes in, `alarms`, `policies` and `tasks` are the
platform, `devices` and `work` the load, `simulate` one second after the other, `outcome` the
answers, `text` and `page` how they look.
"""
