BEGIN TRANSACTION;
CREATE TABLE acknowledgement (
	sequence BIGINT NOT NULL, 
	note TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_acknowledgement PRIMARY KEY (sequence), 
	CONSTRAINT fk_acknowledgement_sequence_alarm FOREIGN KEY(sequence) REFERENCES alarm (sequence)
);
INSERT INTO "acknowledgement" VALUES(1,'seen','anna',1796098358009655);
CREATE TABLE alarm (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	message TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	data JSON NOT NULL, 
	round_index BIGINT, 
	experiment_id TEXT, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_alarm PRIMARY KEY (sequence), 
	CONSTRAINT fk_alarm_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT ck_alarm_severity CHECK (severity IN ('info', 'warning', 'error', 'critical'))
);
INSERT INTO "alarm" VALUES(1,'763c9c8d8713fae9','simulated','drift','the yield drifts','warning','{}',NULL,NULL,'labloop',1796098357978455);
CREATE TABLE analysis (
	sequence INTEGER NOT NULL, 
	experiment_id TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	analysis TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_analysis PRIMARY KEY (sequence), 
	CONSTRAINT fk_analysis_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode)
);
INSERT INTO "analysis" VALUES(1,'763c9c8d8713fae9-0001','763c9c8d8713fae9','simulated','aa','labloop',1796098357838644);
CREATE TABLE answer (
	sequence BIGINT NOT NULL, 
	accepted BOOLEAN NOT NULL, 
	answer TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_answer PRIMARY KEY (sequence), 
	CONSTRAINT fk_answer_sequence_command FOREIGN KEY(sequence) REFERENCES command (sequence)
);
INSERT INTO "answer" VALUES(1,1,'paused','labloop',1796098357978355);
CREATE TABLE bundle (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	spec JSON NOT NULL, 
	entry TEXT NOT NULL, 
	versions JSON NOT NULL, 
	git_commit TEXT NOT NULL, 
	git_dirty BOOLEAN NOT NULL, 
	sha256 TEXT NOT NULL, 
	stored_sha256 TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_bundle PRIMARY KEY (sequence), 
	CONSTRAINT fk_bundle_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode)
);
INSERT INTO "bundle" VALUES(1,'763c9c8d8713fae9','simulated','{"name":"golden"}','campaign.py','{"python":"3.11.7"}','',0,'','207dfeefbcf38ea358b689f72e0bdfd507504539452d55850fae992ce696f467','anna',1796098357837364);
CREATE TABLE bundle_file (
	bundle_sequence BIGINT NOT NULL, 
	path TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_bundle_file PRIMARY KEY (bundle_sequence, path), 
	CONSTRAINT fk_bundle_file_bundle_sequence_bundle FOREIGN KEY(bundle_sequence) REFERENCES bundle (sequence)
);
INSERT INTO "bundle_file" VALUES(1,'campaign.py',0,X'63616D706169676E203D20310A');
CREATE TABLE calibration (
	sequence INTEGER NOT NULL, 
	mode TEXT NOT NULL, 
	device TEXT NOT NULL, 
	serial_number TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	points JSON NOT NULL, 
	performed BIGINT NOT NULL, 
	due BIGINT, 
	performed_by TEXT NOT NULL, 
	note TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_calibration PRIMARY KEY (sequence), 
	CONSTRAINT ck_calibration_mode CHECK (mode IN ('simulated', 'real'))
);
INSERT INTO "calibration" VALUES(1,'simulated','pump','','rate','mL/min','[[1.0,1.01]]',1795262400000000,NULL,'anna','','',1796098358032223);
CREATE TABLE campaign (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	generation BIGINT NOT NULL, 
	seed BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	version BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_campaign PRIMARY KEY (id), 
	CONSTRAINT uq_campaign_name_mode_generation UNIQUE (name, mode, generation), 
	CONSTRAINT uq_campaign_id_mode UNIQUE (id, mode), 
	CONSTRAINT ck_campaign_mode CHECK (mode IN ('simulated', 'real')), 
	CONSTRAINT ck_campaign_state CHECK (state IN ('running', 'paused', 'finished', 'stopped', 'failed'))
);
INSERT INTO "campaign" VALUES('763c9c8d8713fae9','golden','simulated',0,7,'paused','a person paused it',1,'anna',1,1795262400000000);
CREATE TABLE campaign_move (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	from_state TEXT NOT NULL, 
	to_state TEXT NOT NULL, 
	version BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_campaign_move PRIMARY KEY (sequence), 
	CONSTRAINT fk_campaign_move_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode)
);
INSERT INTO "campaign_move" VALUES(1,'763c9c8d8713fae9','simulated','running','paused',1,'a person paused it','anna',1796098357978403);
CREATE TABLE chain (
	campaign_id TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	mode TEXT NOT NULL, 
	noun TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	note TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	CONSTRAINT pk_chain PRIMARY KEY (campaign_id, position), 
	CONSTRAINT fk_chain_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode)
);
INSERT INTO "chain" VALUES('763c9c8d8713fae9',1,'simulated','campaign','763c9c8d8713fae9','','69e148b1aa3d4336f8e835d57993d344013edb8e7d266748f3f781191326be7b');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',2,'simulated','bundle','1','','82d9d5c60b7a04deef34d475d25d48223c08e8e238dc84640b77a609d91d35ff');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',3,'simulated','round','1','','dd24089f41f0148cedef809aebaccbf3f01aae3c323e0ad58d35636795366f82');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',4,'simulated','experiment','763c9c8d8713fae9-0001','','e01eb1fd9119c07ea901c82adbb82c9a9f66818f5c1bc74d0839bd9943b48aab');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',5,'simulated','experiment_move','1','','6aecbaa49ec6b5a306dbbbeb07d38658303d3f1e77cd65841510a6eb88d7dc4c');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',6,'simulated','experiment','763c9c8d8713fae9-0002','','fbbe972f839ff9fce67aa2dd1a7f520fc983d7dccab37695c1ab5c2ac08ae277');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',7,'simulated','experiment_move','2','','60353467a3073bfe3bd464f44f053cc8e9fb672451b72911bf4a664bae603883');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',8,'simulated','experiment_move','3','','ee41717bac8a7a65607eb78f7969a1eaa059dbec615489f3d46c723b3c69fc58');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',9,'simulated','intent','763c9c8d8713fae9-0001-a001','','60c0685e915bb7ede47bc28a083f705034c33c0ee1c6fceabeb1fca8b7796573');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',10,'simulated','experiment_move','4','','020448c146680a24ca73bb78fe056f9d050659ff24889281c5e6bad0392f689e');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',11,'simulated','intent','763c9c8d8713fae9-0002-a001','','cba5484b4a7e6a6ac35398866ec032e5434e8c8c4ad07ada9427d79a9b771538');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',12,'simulated','outcome','1','','bf5947b7d29fd27951d1395eb6b4fd6810b9a92d26c89d293344e361fde6d004');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',13,'simulated','measurement','1','','694555649c4d1ebb44a6555771684416d8c7f6c8fa931322a494fe3bdf05838b');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',14,'simulated','experiment_move','5','','afd58b9977f9cedce39d66dc1dadda0b8d5686cb7a7bcd634f6edfd475218203');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',15,'simulated','analysis','1','','4740701a62b9437e01b97f7393514f62dfc836c7e1a281b2f98f2850b95e6f1d');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',16,'simulated','experiment_move','6','','eff9a76dddc0ede0d9874d22c64ef9b0c983a232fdb5dc3460768f5d730ebe0a');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',17,'simulated','identity','1','','ff9b029ace353627c1df21d3e31ae1fa251d219edcc97e9069f8c1388cb5d596');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',18,'simulated','command','1','','bc911ff78cfb1fe033e1c69824b3ec466c9aabb4d43c37abc749cd5453087eb6');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',19,'simulated','answer','1','','dadaec4f177517be71a398dd357c04955f7b0b83e924b30bf1a07f7fab3f76a9');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',20,'simulated','campaign_move','1','','59aaebaf1b617094b47a7402da7b55b0f71815deb4e7afd376fb9f97368ef368');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',21,'simulated','alarm','1','','c4a5317d6a3895031f5486aca5516198aeea54a1bfc1baaf5df24a32280ec5f7');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',22,'simulated','acknowledgement','1','','bcd66695e47cde4bfad315239b387c638a58a259f5aaa5f9b47d599b0facd6ab');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',23,'simulated','schedule','1','','7c270cc043c25b0d8d363f73ab7dd2cc9a6235aa7e3cabeb320de07fc0c4dd61');
INSERT INTO "chain" VALUES('763c9c8d8713fae9',24,'simulated','schedule','2','','29447df506e3391f364ef3c05afb4e64f9f21a5338a4967d699ff4240f35f7b5');
CREATE TABLE command (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	arguments JSON NOT NULL, 
	expected_version BIGINT, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_command PRIMARY KEY (sequence), 
	CONSTRAINT fk_command_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT ck_command_kind CHECK (kind IN ('approve', 'reject', 'edit', 'add', 'pause', 'resume', 'abort', 'stop', 'resolve', 'fix', 'avoid', 'lift', 'change'))
);
INSERT INTO "command" VALUES(1,'763c9c8d8713fae9','simulated','pause','anna','{}',NULL,1795262400000000);
CREATE TABLE experiment (
	id TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	number BIGINT NOT NULL, 
	mode TEXT NOT NULL, 
	state TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	point JSON NOT NULL, 
	round_index BIGINT, 
	proposal_index BIGINT, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	lab_started FLOAT, 
	lab_finished FLOAT, 
	created BIGINT NOT NULL, 
	finished BIGINT, 
	CONSTRAINT pk_experiment PRIMARY KEY (id), 
	CONSTRAINT fk_experiment_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT uq_experiment_campaign_id_number UNIQUE (campaign_id, number), 
	CONSTRAINT uq_experiment_id_campaign_id_mode UNIQUE (id, campaign_id, mode), 
	CONSTRAINT ck_experiment_state CHECK (state IN ('planned', 'awaiting', 'running', 'done', 'failed', 'abandoned', 'uncertain')), 
	CONSTRAINT ck_experiment_origin CHECK (origin IN ('proposed', 'edited', 'manual', 'imported')), 
	CONSTRAINT ck_experiment_started CHECK (lab_started IS NULL OR lab_started BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308), 
	CONSTRAINT ck_experiment_finished CHECK (lab_finished IS NULL OR lab_finished BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "experiment" VALUES('763c9c8d8713fae9-0001','763c9c8d8713fae9',1,'simulated','done','proposed','{"temperature":50.0,"solvent":"water"}',0,0,'','',0.0,60.0,1795262400000000,1796098357838654);
INSERT INTO "experiment" VALUES('763c9c8d8713fae9-0002','763c9c8d8713fae9',2,'simulated','uncertain','proposed','{"temperature":60.5,"solvent":"thf"}',0,1,'the process died','',0.0,NULL,1795262400000000,NULL);
CREATE TABLE experiment_move (
	sequence INTEGER NOT NULL, 
	experiment_id TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	from_state TEXT NOT NULL, 
	to_state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	lab_time FLOAT, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_experiment_move PRIMARY KEY (sequence), 
	CONSTRAINT fk_experiment_move_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode), 
	CONSTRAINT ck_experiment_move_time CHECK (lab_time IS NULL OR lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "experiment_move" VALUES(1,'763c9c8d8713fae9-0001','763c9c8d8713fae9','simulated','','planned','','',NULL,1796098357837752);
INSERT INTO "experiment_move" VALUES(2,'763c9c8d8713fae9-0002','763c9c8d8713fae9','simulated','','planned','','',NULL,1796098357837761);
INSERT INTO "experiment_move" VALUES(3,'763c9c8d8713fae9-0001','763c9c8d8713fae9','simulated','planned','running','','labloop',0.0,1796098357837777);
INSERT INTO "experiment_move" VALUES(4,'763c9c8d8713fae9-0002','763c9c8d8713fae9','simulated','planned','running','','labloop',0.0,1796098357837817);
INSERT INTO "experiment_move" VALUES(5,'763c9c8d8713fae9-0001','763c9c8d8713fae9','simulated','running','done','','labloop',60.0,1796098357838654);
INSERT INTO "experiment_move" VALUES(6,'763c9c8d8713fae9-0002','763c9c8d8713fae9','simulated','running','uncertain','the process died','labloop',NULL,1796098357838674);
CREATE TABLE float_array (
	sha256 TEXT NOT NULL, 
	length BIGINT NOT NULL, 
	content BLOB, 
	CONSTRAINT pk_float_array PRIMARY KEY (sha256)
);
INSERT INTO "float_array" VALUES('9392b85eaba90b4aa6f39e1f269927b4bd6bec47cd2e34a80cf3ed914c26dc7e',4,X'0000000000000000000000000000F03F00000000000000400000000000000840');
INSERT INTO "float_array" VALUES('b0c45303f7f11848cb5e6e5b2af2fb2aecd0b72c28748b88b583ab6bb76df174',3,X'0000000000000000000000000000F03F0000000000000040');
INSERT INTO "float_array" VALUES('ad1461355d664226df0a9dd36082ce06afa03d52a19beb8e90853216ef6b221e',3,X'000000000000F83F00000000000004400000000000000C40');
CREATE TABLE identity (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	device TEXT NOT NULL, 
	model TEXT NOT NULL, 
	serial_number TEXT NOT NULL, 
	firmware TEXT NOT NULL, 
	driver TEXT NOT NULL, 
	driver_version TEXT NOT NULL, 
	url TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_identity PRIMARY KEY (sequence), 
	CONSTRAINT fk_identity_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode)
);
INSERT INTO "identity" VALUES(1,'763c9c8d8713fae9','simulated','pump','NE-1000','','','','','','labloop',1796098357838709);
CREATE TABLE intent (
	sequence INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	experiment_id TEXT, 
	mode TEXT NOT NULL, 
	device TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	arguments JSON NOT NULL, 
	idempotent BOOLEAN NOT NULL, 
	lab_time FLOAT NOT NULL, 
	actor TEXT NOT NULL, 
	lease_token BIGINT NOT NULL, 
	recorded BIGINT NOT NULL, 
	step TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_intent PRIMARY KEY (sequence), 
	CONSTRAINT fk_intent_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT fk_intent_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode), 
	CONSTRAINT uq_intent_id UNIQUE (id), 
	CONSTRAINT ck_intent_kind CHECK (kind IN ('action', 'step')), 
	CONSTRAINT ck_intent_time CHECK (lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "intent" VALUES(1,'763c9c8d8713fae9-0001-a001','763c9c8d8713fae9','763c9c8d8713fae9-0001','simulated','pump','go','action','{}',0,0.0,'',0,1796098357837809,'');
INSERT INTO "intent" VALUES(2,'763c9c8d8713fae9-0002-a001','763c9c8d8713fae9','763c9c8d8713fae9-0002','simulated','pump','go','action','{}',0,0.0,'',0,1796098357837832,'');
CREATE TABLE labloop_revision (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO "labloop_revision" VALUES('0012');
CREATE TABLE lease (
	resource TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	token BIGINT NOT NULL, 
	taken BIGINT NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (resource)
);
INSERT INTO "lease" VALUES('campaign:763c9c8d8713fae9','',1,1796098358131701);
CREATE TABLE lease_beat (
	resource TEXT NOT NULL, 
	token BIGINT NOT NULL, 
	beats BIGINT NOT NULL, 
	beaten BIGINT NOT NULL, 
	CONSTRAINT pk_lease_beat PRIMARY KEY (resource)
);
INSERT INTO "lease_beat" VALUES('campaign:763c9c8d8713fae9',1,1,1796098358131984);
CREATE TABLE measurement (
	sequence INTEGER NOT NULL, 
	experiment_id TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_measurement PRIMARY KEY (sequence), 
	CONSTRAINT fk_measurement_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode)
);
INSERT INTO "measurement" VALUES(1,'763c9c8d8713fae9-0001','763c9c8d8713fae9','simulated','labloop',1796098357838451);
CREATE TABLE model_array (
	round_sequence BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	shape JSON NOT NULL, 
	sha256 TEXT NOT NULL, 
	CONSTRAINT pk_model_array PRIMARY KEY (round_sequence, name), 
	CONSTRAINT fk_model_array_round_sequence_round FOREIGN KEY(round_sequence) REFERENCES round (sequence), 
	CONSTRAINT fk_model_array_sha256_float_array FOREIGN KEY(sha256) REFERENCES float_array (sha256)
);
INSERT INTO "model_array" VALUES(1,'weights',0,'[2,2]','9392b85eaba90b4aa6f39e1f269927b4bd6bec47cd2e34a80cf3ed914c26dc7e');
CREATE TABLE outcome (
	sequence INTEGER NOT NULL, 
	intent_id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	result JSON NOT NULL, 
	detail TEXT NOT NULL, 
	sent BLOB NOT NULL, 
	received BLOB NOT NULL, 
	lab_time FLOAT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_outcome PRIMARY KEY (sequence), 
	CONSTRAINT fk_outcome_intent_id_intent FOREIGN KEY(intent_id) REFERENCES intent (id), 
	CONSTRAINT ck_outcome_state CHECK (state IN ('done', 'failed', 'not_sent', 'uncertain')), 
	CONSTRAINT ck_outcome_time CHECK (lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "outcome" VALUES(1,'763c9c8d8713fae9-0001-a001','done','simulated','null','',X'0000000302474F',X'',0.0,'',1796098357837859);
CREATE TABLE output_value (
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value FLOAT, 
	sd FLOAT, 
	unit TEXT, 
	text TEXT, 
	x_unit TEXT, 
	x_sha256 TEXT, 
	y_sha256 TEXT, 
	sequence BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	CONSTRAINT pk_output_value PRIMARY KEY (sequence, position), 
	CONSTRAINT fk_output_value_x_sha256_float_array FOREIGN KEY(x_sha256) REFERENCES float_array (sha256), 
	CONSTRAINT fk_output_value_y_sha256_float_array FOREIGN KEY(y_sha256) REFERENCES float_array (sha256), 
	CONSTRAINT fk_output_value_sequence_analysis FOREIGN KEY(sequence) REFERENCES analysis (sequence), 
	CONSTRAINT ck_output_value_finite CHECK ((value IS NULL OR value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308) AND (sd IS NULL OR sd BETWEEN 0 AND 1.7976931348623157e308)), 
	CONSTRAINT ck_output_value_whole CHECK ((kind IN ('scalar', 'actual') AND value IS NOT NULL AND unit IS NOT NULL) OR (kind = 'text' AND text IS NOT NULL) OR (kind = 'curve' AND x_unit IS NOT NULL AND unit IS NOT NULL AND x_sha256 IS NOT NULL AND y_sha256 IS NOT NULL))
);
INSERT INTO "output_value" VALUES('product_yield','scalar',0.75,0.05,'1',NULL,NULL,NULL,NULL,1,0);
INSERT INTO "output_value" VALUES('scan','curve',NULL,NULL,'mAU',NULL,'min','b0c45303f7f11848cb5e6e5b2af2fb2aecd0b72c28748b88b583ab6bb76df174','ad1461355d664226df0a9dd36082ce06afa03d52a19beb8e90853216ef6b221e',1,1);
CREATE TABLE proposal (
	round_sequence BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	point JSON NOT NULL, 
	strategy TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	model TEXT NOT NULL, 
	acquisition TEXT NOT NULL, 
	acquisition_value FLOAT, 
	predicted JSON NOT NULL, 
	seed BIGINT NOT NULL, 
	CONSTRAINT pk_proposal PRIMARY KEY (round_sequence, position), 
	CONSTRAINT fk_proposal_round_sequence_round FOREIGN KEY(round_sequence) REFERENCES round (sequence), 
	CONSTRAINT ck_proposal_acquisition CHECK (acquisition_value IS NULL OR acquisition_value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "proposal" VALUES(1,0,'{"temperature":50.0,"solvent":"water"}','sobol','first','','',NULL,'{"product_yield":{"mean":0.5,"sd":0.1,"low":0.3,"high":0.7}}',0);
INSERT INTO "proposal" VALUES(1,1,'{"temperature":60.5,"solvent":"thf"}','sobol','first','','',NULL,'{"product_yield":{"mean":0.5,"sd":0.1,"low":0.3,"high":0.7}}',0);
CREATE TABLE raw_value (
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	value FLOAT, 
	sd FLOAT, 
	unit TEXT, 
	text TEXT, 
	x_unit TEXT, 
	x_sha256 TEXT, 
	y_sha256 TEXT, 
	sequence BIGINT NOT NULL, 
	position BIGINT NOT NULL, 
	CONSTRAINT pk_raw_value PRIMARY KEY (sequence, position), 
	CONSTRAINT fk_raw_value_x_sha256_float_array FOREIGN KEY(x_sha256) REFERENCES float_array (sha256), 
	CONSTRAINT fk_raw_value_y_sha256_float_array FOREIGN KEY(y_sha256) REFERENCES float_array (sha256), 
	CONSTRAINT fk_raw_value_sequence_measurement FOREIGN KEY(sequence) REFERENCES measurement (sequence), 
	CONSTRAINT ck_raw_value_finite CHECK ((value IS NULL OR value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308) AND (sd IS NULL OR sd BETWEEN 0 AND 1.7976931348623157e308)), 
	CONSTRAINT ck_raw_value_whole CHECK ((kind IN ('scalar', 'actual') AND value IS NOT NULL AND unit IS NOT NULL) OR (kind = 'text' AND text IS NOT NULL) OR (kind = 'curve' AND x_unit IS NOT NULL AND unit IS NOT NULL AND x_sha256 IS NOT NULL AND y_sha256 IS NOT NULL))
);
INSERT INTO "raw_value" VALUES('scan','curve',NULL,NULL,'mAU',NULL,'min','b0c45303f7f11848cb5e6e5b2af2fb2aecd0b72c28748b88b583ab6bb76df174','ad1461355d664226df0a9dd36082ce06afa03d52a19beb8e90853216ef6b221e',1,0);
INSERT INTO "raw_value" VALUES('colour','text',NULL,NULL,NULL,'blue',NULL,NULL,NULL,1,1);
INSERT INTO "raw_value" VALUES('temperature','actual',50.1,NULL,'degC',NULL,NULL,NULL,NULL,1,2);
CREATE TABLE round (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	round_index BIGINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	seed BIGINT NOT NULL, 
	data_hash TEXT NOT NULL, 
	state_kind TEXT, 
	state_schema BIGINT, 
	state_data JSON NOT NULL, 
	fit_report JSON NOT NULL, 
	seconds FLOAT NOT NULL, 
	stored_sha256 TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_round PRIMARY KEY (sequence), 
	CONSTRAINT fk_round_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT uq_round_campaign_id_round_index_attempt UNIQUE (campaign_id, round_index, attempt), 
	CONSTRAINT ck_round_seconds CHECK (seconds BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "round" VALUES(1,'763c9c8d8713fae9','simulated',0,0,5,'','gp',1,'{"kernel":"matern"}','{}',0.0,'e5a373a158ed5c84f4c49dbb1a87c65a33a7db20b836cc3b1442e4ed7b2e81e6','labloop',1795262400000000);
CREATE TABLE sample (
	sequence INTEGER NOT NULL, 
	lab TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	shelf TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	campaign_id TEXT NOT NULL, 
	experiment_id TEXT, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_sample PRIMARY KEY (sequence), 
	CONSTRAINT fk_sample_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT fk_sample_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode)
);
INSERT INTO "sample" VALUES(1,'','simulated','763c9c8d8713fae9','vial','763c9c8d8713fae9','763c9c8d8713fae9-0002','labloop',1796098358067799);
CREATE TABLE sample_event (
	sequence INTEGER NOT NULL, 
	sample BIGINT NOT NULL, 
	change TEXT NOT NULL, 
	place TEXT NOT NULL, 
	experiment_id TEXT, 
	lab_time FLOAT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_sample_event PRIMARY KEY (sequence), 
	CONSTRAINT fk_sample_event_sample_sample FOREIGN KEY(sample) REFERENCES sample (sequence), 
	CONSTRAINT ck_sample_event_change CHECK (change IN ('made', 'moving', 'moved', 'stayed', 'found', 'discarded')), 
	CONSTRAINT ck_sample_event_time CHECK (lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "sample_event" VALUES(1,1,'made','rack.A1','763c9c8d8713fae9-0002',0.0,'','labloop',1796098358067812);
INSERT INTO "sample_event" VALUES(2,1,'moving','oven',NULL,0.0,'','labloop',1796098358094246);
CREATE TABLE sample_place (
	sequence INTEGER NOT NULL, 
	sample BIGINT NOT NULL, 
	lab TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	shelf TEXT NOT NULL, 
	place TEXT NOT NULL, 
	taken BIGINT NOT NULL, 
	CONSTRAINT pk_sample_place PRIMARY KEY (sequence), 
	CONSTRAINT fk_sample_place_sample_sample FOREIGN KEY(sample) REFERENCES sample (sequence), 
	CONSTRAINT ck_sample_place_taken CHECK (taken IN (0, 1))
);
INSERT INTO "sample_place" VALUES(1,1,'','simulated','763c9c8d8713fae9','rack.A1',1);
INSERT INTO "sample_place" VALUES(2,1,'','simulated','763c9c8d8713fae9','oven',1);
CREATE TABLE schedule (
	sequence INTEGER NOT NULL, 
	campaign_id TEXT NOT NULL, 
	experiment_id TEXT, 
	mode TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	lab_time FLOAT NOT NULL, 
	data JSON NOT NULL, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_schedule PRIMARY KEY (sequence), 
	CONSTRAINT fk_schedule_campaign_id_campaign FOREIGN KEY(campaign_id, mode) REFERENCES campaign (id, mode), 
	CONSTRAINT fk_schedule_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode), 
	CONSTRAINT ck_schedule_kind CHECK (kind IN ('forecast', 'held')), 
	CONSTRAINT ck_schedule_time CHECK (lab_time BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)
);
INSERT INTO "schedule" VALUES(1,'763c9c8d8713fae9','763c9c8d8713fae9-0001','simulated','held',50.0,'[{"name":"oven-1","start":10.0,"end":50.0,"key":"oven","asked":5.0,"use":1,"setting":80.0,"preparing":0.0}]','labloop',1796098358109089);
INSERT INTO "schedule" VALUES(2,'763c9c8d8713fae9',NULL,'simulated','forecast',0.0,'{"experiments":2,"hours":0.02,"low":0.01,"high":0.03,"basis":"","bottleneck":"","waits":{},"spans":[["oven-1",0.0,40.0,true]]}','anna',1795262400000000);
CREATE TABLE stock_entry (
	sequence INTEGER NOT NULL, 
	lot BIGINT NOT NULL, 
	mode TEXT NOT NULL, 
	change TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	campaign_id TEXT, 
	experiment_id TEXT, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_stock_entry PRIMARY KEY (sequence), 
	CONSTRAINT fk_stock_entry_experiment_id_experiment FOREIGN KEY(experiment_id, campaign_id, mode) REFERENCES experiment (id, campaign_id, mode), 
	CONSTRAINT fk_stock_entry_lot_stock_lot FOREIGN KEY(lot) REFERENCES stock_lot (sequence), 
	CONSTRAINT ck_stock_entry_change CHECK (change IN ('put', 'reserve', 'use', 'undo', 'release', 'count', 'discard'))
);
INSERT INTO "stock_entry" VALUES(1,1,'simulated','put',10000000,NULL,NULL,'anna',1796098358046253);
INSERT INTO "stock_entry" VALUES(2,1,'simulated','reserve',3000000,'763c9c8d8713fae9','763c9c8d8713fae9-0002','labloop',1796098358058452);
INSERT INTO "stock_entry" VALUES(3,1,'simulated','use',3000000,'763c9c8d8713fae9','763c9c8d8713fae9-0002','labloop',1796098358058496);
CREATE TABLE stock_lot (
	sequence INTEGER NOT NULL, 
	lab TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	shelf TEXT NOT NULL, 
	name TEXT NOT NULL, 
	unit TEXT NOT NULL, 
	lot TEXT NOT NULL, 
	place TEXT NOT NULL, 
	amount BIGINT NOT NULL, 
	reserved BIGINT NOT NULL, 
	expires BIGINT, 
	actor TEXT NOT NULL, 
	recorded BIGINT NOT NULL, 
	CONSTRAINT pk_stock_lot PRIMARY KEY (sequence), 
	CONSTRAINT ck_stock_lot_mode CHECK (mode IN ('simulated', 'real')), 
	CONSTRAINT ck_stock_lot_amount CHECK (amount >= 0), 
	CONSTRAINT ck_stock_lot_reserved CHECK (reserved >= 0)
);
INSERT INTO "stock_lot" VALUES(1,'','simulated','763c9c8d8713fae9','solvent','mL','L1','',7000000,0,1795262400000000,'anna',1796098358046253);
CREATE INDEX ix_calibration_device ON calibration (device);
CREATE INDEX ix_stock_lot_lab_shelf_name ON stock_lot (lab, shelf, name);
CREATE INDEX ix_alarm_campaign_id ON alarm (campaign_id);
CREATE INDEX ix_bundle_campaign_id ON bundle (campaign_id);
CREATE INDEX ix_campaign_move_campaign_id ON campaign_move (campaign_id);
CREATE INDEX ix_command_campaign_id ON command (campaign_id);
CREATE INDEX ix_identity_campaign_id ON identity (campaign_id);
CREATE INDEX ix_analysis_campaign_id ON analysis (campaign_id);
CREATE INDEX ix_analysis_experiment_id ON analysis (experiment_id);
CREATE INDEX ix_experiment_move_experiment_id ON experiment_move (experiment_id);
CREATE INDEX ix_intent_campaign_id ON intent (campaign_id);
CREATE INDEX ix_intent_experiment_id ON intent (experiment_id);
CREATE INDEX ix_measurement_experiment_id ON measurement (experiment_id);
CREATE INDEX ix_sample_campaign_id ON sample (campaign_id);
CREATE INDEX ix_sample_lab_shelf ON sample (lab, shelf);
CREATE INDEX ix_schedule_campaign_id ON schedule (campaign_id);
CREATE INDEX ix_stock_entry_campaign_id ON stock_entry (campaign_id);
CREATE INDEX ix_stock_entry_experiment_id ON stock_entry (experiment_id);
CREATE INDEX ix_stock_entry_lot ON stock_entry (lot);
CREATE INDEX ix_outcome_intent_id ON outcome (intent_id);
CREATE INDEX ix_sample_event_sample ON sample_event (sample);
CREATE INDEX ix_sample_place_sample ON sample_place (sample);
CREATE UNIQUE INDEX one_end_an_intent ON outcome (intent_id) WHERE state <> 'uncertain';
CREATE UNIQUE INDEX one_sample_a_place ON sample_place (lab, mode, shelf, place) WHERE taken = 1;
CREATE TRIGGER guard_acknowledgement_update BEFORE UPDATE ON acknowledgement FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of acknowledgement are never changed or deleted'); END;
CREATE TRIGGER guard_acknowledgement_delete BEFORE DELETE ON acknowledgement FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of acknowledgement are never changed or deleted'); END;
CREATE TRIGGER guard_alarm_update BEFORE UPDATE ON alarm FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of alarm are never changed or deleted'); END;
CREATE TRIGGER guard_alarm_delete BEFORE DELETE ON alarm FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of alarm are never changed or deleted'); END;
CREATE TRIGGER guard_analysis_update BEFORE UPDATE ON analysis FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of analysis are never changed or deleted'); END;
CREATE TRIGGER guard_analysis_delete BEFORE DELETE ON analysis FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of analysis are never changed or deleted'); END;
CREATE TRIGGER guard_answer_update BEFORE UPDATE ON answer FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of answer are never changed or deleted'); END;
CREATE TRIGGER guard_answer_delete BEFORE DELETE ON answer FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of answer are never changed or deleted'); END;
CREATE TRIGGER guard_float_array_update BEFORE UPDATE ON float_array FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of float_array are never changed or deleted'); END;
CREATE TRIGGER guard_float_array_delete BEFORE DELETE ON float_array FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of float_array are never changed or deleted'); END;
CREATE TRIGGER guard_bundle_update BEFORE UPDATE ON bundle FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of bundle are never changed or deleted'); END;
CREATE TRIGGER guard_bundle_delete BEFORE DELETE ON bundle FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of bundle are never changed or deleted'); END;
CREATE TRIGGER guard_bundle_file_update BEFORE UPDATE ON bundle_file FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of bundle_file are never changed or deleted'); END;
CREATE TRIGGER guard_bundle_file_delete BEFORE DELETE ON bundle_file FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of bundle_file are never changed or deleted'); END;
CREATE TRIGGER guard_calibration_update BEFORE UPDATE ON calibration FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of calibration are never changed or deleted'); END;
CREATE TRIGGER guard_calibration_delete BEFORE DELETE ON calibration FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of calibration are never changed or deleted'); END;
CREATE TRIGGER guard_campaign_move_update BEFORE UPDATE ON campaign_move FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of campaign_move are never changed or deleted'); END;
CREATE TRIGGER guard_campaign_move_delete BEFORE DELETE ON campaign_move FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of campaign_move are never changed or deleted'); END;
CREATE TRIGGER guard_chain_update BEFORE UPDATE ON chain FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of chain are never changed or deleted'); END;
CREATE TRIGGER guard_chain_delete BEFORE DELETE ON chain FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of chain are never changed or deleted'); END;
CREATE TRIGGER guard_command_update BEFORE UPDATE ON command FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of command are never changed or deleted'); END;
CREATE TRIGGER guard_command_delete BEFORE DELETE ON command FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of command are never changed or deleted'); END;
CREATE TRIGGER guard_experiment_move_update BEFORE UPDATE ON experiment_move FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of experiment_move are never changed or deleted'); END;
CREATE TRIGGER guard_experiment_move_delete BEFORE DELETE ON experiment_move FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of experiment_move are never changed or deleted'); END;
CREATE TRIGGER guard_identity_update BEFORE UPDATE ON identity FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of identity are never changed or deleted'); END;
CREATE TRIGGER guard_identity_delete BEFORE DELETE ON identity FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of identity are never changed or deleted'); END;
CREATE TRIGGER guard_intent_update BEFORE UPDATE ON intent FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of intent are never changed or deleted'); END;
CREATE TRIGGER guard_intent_delete BEFORE DELETE ON intent FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of intent are never changed or deleted'); END;
CREATE TRIGGER guard_measurement_update BEFORE UPDATE ON measurement FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of measurement are never changed or deleted'); END;
CREATE TRIGGER guard_measurement_delete BEFORE DELETE ON measurement FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of measurement are never changed or deleted'); END;
CREATE TRIGGER guard_model_array_update BEFORE UPDATE ON model_array FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of model_array are never changed or deleted'); END;
CREATE TRIGGER guard_model_array_delete BEFORE DELETE ON model_array FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of model_array are never changed or deleted'); END;
CREATE TRIGGER guard_outcome_update BEFORE UPDATE ON outcome FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of outcome are never changed or deleted'); END;
CREATE TRIGGER guard_outcome_delete BEFORE DELETE ON outcome FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of outcome are never changed or deleted'); END;
CREATE TRIGGER guard_output_value_update BEFORE UPDATE ON output_value FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of output_value are never changed or deleted'); END;
CREATE TRIGGER guard_output_value_delete BEFORE DELETE ON output_value FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of output_value are never changed or deleted'); END;
CREATE TRIGGER guard_proposal_update BEFORE UPDATE ON proposal FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of proposal are never changed or deleted'); END;
CREATE TRIGGER guard_proposal_delete BEFORE DELETE ON proposal FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of proposal are never changed or deleted'); END;
CREATE TRIGGER guard_raw_value_update BEFORE UPDATE ON raw_value FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of raw_value are never changed or deleted'); END;
CREATE TRIGGER guard_raw_value_delete BEFORE DELETE ON raw_value FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of raw_value are never changed or deleted'); END;
CREATE TRIGGER guard_round_update BEFORE UPDATE ON round FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of round are never changed or deleted'); END;
CREATE TRIGGER guard_round_delete BEFORE DELETE ON round FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of round are never changed or deleted'); END;
CREATE TRIGGER guard_sample_update BEFORE UPDATE ON sample FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of sample are never changed or deleted'); END;
CREATE TRIGGER guard_sample_delete BEFORE DELETE ON sample FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of sample are never changed or deleted'); END;
CREATE TRIGGER guard_sample_event_update BEFORE UPDATE ON sample_event FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of sample_event are never changed or deleted'); END;
CREATE TRIGGER guard_sample_event_delete BEFORE DELETE ON sample_event FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of sample_event are never changed or deleted'); END;
CREATE TRIGGER guard_schedule_update BEFORE UPDATE ON schedule FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of schedule are never changed or deleted'); END;
CREATE TRIGGER guard_schedule_delete BEFORE DELETE ON schedule FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of schedule are never changed or deleted'); END;
CREATE TRIGGER guard_stock_entry_update BEFORE UPDATE ON stock_entry FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of stock_entry are never changed or deleted'); END;
CREATE TRIGGER guard_stock_entry_delete BEFORE DELETE ON stock_entry FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of stock_entry are never changed or deleted'); END;
CREATE TRIGGER guard_campaign_fixed BEFORE UPDATE OF id, name, mode, generation, seed, actor, position, created ON campaign FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of campaign says of its origin is never changed'); END;
CREATE TRIGGER guard_campaign_delete BEFORE DELETE ON campaign FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of campaign are never deleted'); END;
CREATE TRIGGER guard_experiment_fixed BEFORE UPDATE OF id, campaign_id, number, mode, origin, point, round_index, proposal_index, actor, created ON experiment FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of experiment says of its origin is never changed'); END;
CREATE TRIGGER guard_experiment_delete BEFORE DELETE ON experiment FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of experiment are never deleted'); END;
CREATE TRIGGER guard_lease_fixed BEFORE UPDATE OF resource ON lease FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of lease says of its origin is never changed'); END;
CREATE TRIGGER guard_lease_delete BEFORE DELETE ON lease FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of lease are never deleted'); END;
CREATE TRIGGER guard_lease_beat_fixed BEFORE UPDATE OF resource ON lease_beat FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of lease_beat says of its origin is never changed'); END;
CREATE TRIGGER guard_lease_beat_delete BEFORE DELETE ON lease_beat FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of lease_beat are never deleted'); END;
CREATE TRIGGER guard_sample_place_fixed BEFORE UPDATE OF sequence, sample, lab, mode, shelf, place ON sample_place FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of sample_place says of its origin is never changed'); END;
CREATE TRIGGER guard_sample_place_delete BEFORE DELETE ON sample_place FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of sample_place are never deleted'); END;
CREATE TRIGGER guard_stock_lot_fixed BEFORE UPDATE OF sequence, lab, mode, shelf, name, unit, lot, place, expires, actor, recorded ON stock_lot FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: what a row of stock_lot says of its origin is never changed'); END;
CREATE TRIGGER guard_stock_lot_delete BEFORE DELETE ON stock_lot FOR EACH ROW BEGIN SELECT RAISE(ABORT, 'append-only: rows of stock_lot are never deleted'); END;
CREATE TRIGGER guard_experiment_move BEFORE UPDATE OF state ON experiment FOR EACH ROW WHEN NOT ((OLD.state = 'planned' AND NEW.state IN ('abandoned', 'awaiting', 'running')) OR (OLD.state = 'awaiting' AND NEW.state IN ('abandoned', 'planned', 'running')) OR (OLD.state = 'running' AND NEW.state IN ('abandoned', 'awaiting', 'done', 'failed', 'uncertain')) OR (OLD.state = 'uncertain' AND NEW.state IN ('abandoned', 'awaiting', 'done', 'failed')) OR (OLD.state = 'done' AND NEW.state IN ('abandoned', 'failed')) OR (OLD.state = 'failed' AND NEW.state IN ('abandoned', 'done')) OR (OLD.state = 'abandoned' AND NEW.state IN ('done', 'failed'))) BEGIN SELECT RAISE(ABORT, 'stale-state: an experiment cannot move in this way'); END;
CREATE TRIGGER guard_lease_token BEFORE UPDATE OF token ON lease FOR EACH ROW WHEN NEW.token <= OLD.token BEGIN SELECT RAISE(ABORT, 'append-only: the token of a lease only grows'); END;
COMMIT;
