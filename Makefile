# One line a target; what a target does lives in Python. `make help` lists them.
PYTHON ?= python3
ENV ?= dev
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PYTHONUNBUFFERED = 1
CDK = cdk -c env=$(ENV)
setup = @$(PYTHON) tools/setup.py
python = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help local stop wipe status test check format iam data synth bootstrap deploy user token models rollback retrain watch destroy bench lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

local:  ## the whole system on this machine, no AWS account; Ctrl-C stops it (MLFLOW=1: with MLflow)
	$(setup) $(if $(MLFLOW),experiments,local)
	@$(python) -m tools.data
	@$(if $(MLFLOW),CHURN_LOCAL_MLFLOW=1) exec $(python) -m local up

stop:  ## stop a laptop run that another terminal started
	$(setup) local
	@$(python) -m local stop

wipe:  ## stop the laptop run and delete all it holds
	$(setup) local
	@$(python) -m local wipe

status:  ## what the laptop run is doing
	$(setup) local
	@$(python) -m local status

test:  ## every test: unit, synth, the deployed laptop run, the browser
	$(setup) test
	@$(python) -m tools.data
	@$(python) -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

check:  ## lint, types, cdk-nag and cfn-lint for every environment
	$(setup) test
	@$(python) -m tools.data
	@$(python) -m tools.check

format:  ## let ruff mend what it can
	$(setup) test
	@$(python) -m ruff check --fix --quiet . ; $(python) -m ruff format . && $(python) -m tools.notebooks --strip

iam: data  ## write docs/iam.md: every role and what it may do
	@$(python) -m tools.iam_table

data:  ## find the raw data set (CHURN_DATA, a kept download, the public copy, made-up customers)
	$(setup) app
	@$(python) -m tools.data

synth: data  ## write cdk.out/ for ENV=dev|staging|prod|local; fails on any finding
	@$(CDK) synth --quiet

bootstrap: data  ## prepare an AWS account and region for CDK, once: make bootstrap ENV=dev
	@$(CDK) bootstrap

deploy: data  ## deploy to AWS: make deploy ENV=dev (ADOPT=1 takes over kept log groups, ANEW=1 leaves kept people and data)
	@$(CDK) synth --quiet && $(python) -m operate.preflight --env $(ENV) $(if $(ADOPT),--adopt) $(if $(ANEW),--anew) && cdk deploy --app cdk.out --all $(if $(ADOPT),--import-existing-resources)

user:  ## let somebody in: make user ENV=dev EMAIL=someone@example.com GROUP=agent|analyst NAME="Some One" (ENV=local too)
	$(setup) app
	@$(python) -m operate.user --env $(ENV) --email "$$EMAIL" --group "$$GROUP" --name "$$NAME"

token:  ## an access token of a system: make -s token ENV=dev CLIENT=crm (ENV=local too)
	$(setup) app
	@$(python) -m operate.token --env $(ENV) $(if $(CLIENT),--client $(CLIENT))

models:  ## versions of the model, their figures, who decided what, which is live: make models ENV=dev (ENV=local too)
	$(setup) app
	@$(python) -m operate.models --env $(ENV)

rollback:  ## serve the model again that was live before: make rollback ENV=dev REASON="why" (ENV=local too)
	$(setup) app
	@$(python) -m operate.rollback --env $(ENV) --reason "$$REASON"

retrain:  ## train again: make retrain ENV=dev, on new data with FILE=/path/to/new.csv (ENV=local too)
	$(setup) app
	@$(python) -m operate.retrain --env $(ENV) $(if $(FILE),--file "$(FILE)")

watch:  ## compare captured customers with those of training: make watch ENV=dev (HOURS=72 looks back that far; ENV=local too)
	$(setup) app
	@$(python) -m operate.watch --env $(ENV) $(if $(HOURS),--hours $(HOURS))

destroy: data  ## delete from AWS with all it made: make destroy ENV=dev (asks; YES=1 does not)
	@$(python) -m operate.destroy --env $(ENV) $(if $(YES),--yes) $(if $(UNPROTECT),--unprotect)

bench:  ## the benchmark tables (ARGS="crossval synth lambda load batches local" picks some)
	$(setup) test
	@$(python) -m tools.data
	@$(python) -m bench $(ARGS)

lock:  ## renew constraints*.txt and package-lock.json from the direct requirements
	$(setup) test
	@$(python) -m tools.lock

clean: wipe  ## remove everything that the project made for itself
	@rm -rf .venv .venv-emulator .venv-mlflow node_modules build cdk.out .local .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
