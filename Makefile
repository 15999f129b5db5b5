# Everything here only calls Python: without make, type the command behind the target.
PYTHON ?= python3

.PHONY: demo test docs search install figures-loop figures-physics figures-planner figures-trials figures-foreign figures-devices figures-durability figures-lab clean
demo:          ## install, then run the main campaign in simulation
	$(PYTHON) tools/make.py demo
test:          ## install, then run every check
	$(PYTHON) tools/make.py test
docs:          ## install, then build the documentation into build/docs
	$(PYTHON) tools/make.py docs
search:        ## look for new counterexamples in the property tests (before each release)
	$(PYTHON) tools/make.py search
install:       ## make .venv and install everything
	$(PYTHON) tools/make.py install
figures-loop:  ## measure every figure of the loop (resumable; about an hour on 2 cores)
	$(PYTHON) tools/make.py figures-loop
figures-physics: ## measure what physics in the planner buys (resumable; a day on 2 cores)
	$(PYTHON) tools/make.py figures-physics
figures-planner: ## measure the planner: constraints, failures, plates, pools, many parameters (resumable)
	$(PYTHON) tools/make.py figures-planner
figures-trials: ## measure again what strangers broke (resumable)
	$(PYTHON) tools/make.py figures-trials
figures-foreign: ## run other people's drivers on our emulators, ours on their simulators (resumable)
	$(PYTHON) tools/make.py figures-foreign
figures-devices: ## fuzz, break and command every driver, count other classes, lose labs (resumable; hours)
	$(PYTHON) tools/make.py figures-devices
figures-durability: ## kill, crash, race and share: what survives (resumable; hours)
	$(PYTHON) tools/make.py figures-durability
figures-lab:   ## order and race for a shared lab: job shops, two ovens, stock, samples (resumable)
	$(PYTHON) tools/make.py figures-lab
clean:         ## remove .venv and everything built
	$(PYTHON) tools/make.py clean
