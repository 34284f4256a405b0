"""The reference models from a command to its table: train, sample, score, compare. In the order of reading:

commands        `train` and `train-all`: the view to print, and the line that says what failed
run_request     a run as it was asked for: model, data, settings, folder
plan            a request that nothing refuses, small enough for a worker
run             a plan with its data in memory; training it in its folder
workers         plans carried out in processes of their own
run_lock        the folder of a run: one process at a time, and no other run's place
final_scores    from a trained model to its reports
samples         its samples, their scorer, and the training images beside them
model_scores    scores of class labels and translations
yardsticks      real training images and noise, scored alike
export          `sample`: samples of a trained run as files

data/ opens and reads the splits, checks/ scores while a model trains, diagnosis/ judges the run by its log, insight/
stores what its network has learned, tables/ shows all of it.
"""
