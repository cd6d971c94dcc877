"""Outputs of scheduler commands, in the forms that manuals and public documentation print."""

S = "^^^"
SQUEUE = "\n".join(
    S.join(fields)
    for fields in (
        ("862540", "PD", "Dependency", "n/a", "user1", "20", "640", "(Dependency)", "normal", "1-00:00:00", "0:00", "N/A", "longsqw_L24_q_10_0", "2013-05-22T01:41:11"),
        ("862567", "R", "None", "rosa10", "user2", "7", "224", "nid0[0099,0156-0157]", "normal", "23:59:00", "14:44:44", "2013-05-23T11:18:44", "Pressure_PBEsol_0", "2013-05-22T01:43:08"),
        ("861352", "R", "None", "rosa10", "user3", "1", "32", "nid00017", "normal", "15:00", "5:55", "2013-05-23T11:18:44", "Bench q", "2013-05-22T01:43:09"),
        ("863553", "PD", "JobHeldUser", "n/a", "user2", "1", "32", "(JobHeldUser)", "normal", "30:00", "0:00", "N/A", "bash^^^x", "2013-05-23T14:44:44"),
        ("863100_[1-4%2]", "PD", "Resources", "n/a", "user2", "1", "4", "(Resources)", "short", "UNLIMITED", "0:00", "2013-05-24T00:00:00", "array", "2013-05-23T14:44:44"),
        ("863100_7", "R", "None", "n1", "user2", "1", "4", "n1", "short", "10:00", "0:05", "2013-05-24T00:00:00", "array", "2013-05-23T14:44:44"),
        ("863101", "S", "None", "n2", "user2", "1", "4", "n2", "short", "NOT_SET", "1:05", "2013-05-24T00:00:00", "susp", "2013-05-23T14:44:44"),
        ("863102", "CG", "None", "n2", "user2", "1", "4", "n2", "short", "10:00", "1:05", "2013-05-24T00:00:00", "ending", "2013-05-23T14:44:44"),
    )
)  # fmt: skip

SACCT = """\
JobID|JobName|Partition|State|ExitCode|Elapsed|
11|aiida-1|debug|{state}|0:0|00:00:03|
11.batch|batch||COMPLETED|0:0|00:00:03|
"""

QSTAT_PBSPRO = """\
Job Id: 68350.mycluster
    Job_Name = cell-Qnormal
    Job_Owner = usernum1@mycluster.cluster
    job_state = Q
    queue = Q_express
    server = mycluster
    ctime = Tue Apr  9 15:01:47 2013
    Error_Path = mycluster.cluster:/home/usernum1/scratch/cptest/
\tscratch/cell-Qnormal.e68350
    Output_Path = mycluster.cluster:/home/usernum1/scratch/cptest/_scheduler-stdout.txt
    qtime = Tue Apr  9 18:26:32 2013
    Resource_List.mpiprocs = 15
    Resource_List.ncpus = 240
    Resource_List.nodect = 15
    Resource_List.place = free
    Resource_List.select = 15:ncpus=16
    Resource_List.walltime = 01:00:00
    substate = 10
    Variable_List = PBS_O_SYSTEM=Linux,PBS_O_HOME=/home/usernum1,
\tPBS_O_WORKDIR=/home/usernum1/scratch/cptest,PBS_O_HOST=mycluster
    comment = Not Running: Node is in an ineligible state: offline
    project = _pbs_project_default

Job Id: 68351[].mycluster
    Job_Name = an-array
    Job_Owner = user3@mycluster.cluster
    job_state = B
    queue = Q_program
    ctime = Tue Apr  9 15:01:47 2013
    Resource_List.ncpus = 8
    Resource_List.nodect = 1

Job Id: 74165.mycluster
    Job_Name = testaiida
    Job_Owner = usernum1@mycluster.cluster
    resources_used.cpupercent = 99
    resources_used.cput = 00:30:04
    resources_used.mem = 2200kb
    resources_used.ncpus = 4
    resources_used.walltime = 00:08:31
    job_state = R
    queue = Q_normal
    ctime = Fri Apr 12 15:21:55 2013
    exec_host = b141/0*2+b142/0*2
    stime = Fri Apr 12 15:22:01 2013
    Resource_List.mpiprocs = 4
    Resource_List.ncpus = 4
    Resource_List.nodect = 2
    Resource_List.walltime = 12:00:00

Job Id: 74170.mycluster
    Job_Name = done
    Job_Owner = usernum1@mycluster.cluster
    job_state = F
    Exit_status = 5
    queue = Q_normal

"""

QSTAT_TORQUE = """\
Job Id: 55.torque.host.net
    Job_Name = testaiida
    Job_Owner = user@login
    job_state = R
    queue = batch
    exec_host = node1/0+node1/1+node2/0-1
    ctime = Fri Apr 12 15:21:55 2013
    Resource_List.nodect = 2
    Resource_List.nodes = 2:ppn=2
    Resource_List.walltime = 01:00:00
    resources_used.walltime = 00:00:10

Job Id: 56.torque.host.net
    Job_Name = held
    Job_Owner = user@login
    job_state = H
    queue = batch

"""

QSTAT_SGE = """\
<?xml version='1.0'?>
<job_info  xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <queue_info>
    <job_list state="running">
      <JB_job_number>1212299</JB_job_number>
      <JAT_prio>10.05000</JAT_prio>
      <JB_name>Heusler</JB_name>
      <JB_owner>dorigm7s</JB_owner>
      <JB_project>ams.p</JB_project>
      <state>r</state>
      <JAT_start_time>2013-06-18T12:08:23</JAT_start_time>
      <queue_name>serial.q@node080</queue_name>
      <slots>1</slots>
    </job_list>
  </queue_info>
  <job_info>
    <job_list state="pending">
      <JB_job_number>1212263</JB_job_number>
      <JB_name>Heusler</JB_name>
      <JB_owner>dorigm7s</JB_owner>
      <state>qw</state>
      <JB_submission_time>2013-06-18T12:00:57.123</JB_submission_time>
      <queue_name></queue_name>
      <slots>1</slots>
      <tasks>1-10:1</tasks>
    </job_list>
    <job_list state="pending">
      <JB_job_number>1212300</JB_job_number>
      <JB_name>err</JB_name>
      <JB_owner>dorigm7s</JB_owner>
      <state>Eqw</state>
      <slots>4</slots>
    </job_list>
  </job_info>
</job_info>
"""

QACCT = """\
==============================================================
qname        all.q
hostname     node080
owner        user
jobnumber    1212299
taskid       undefined
start_time   Tue Jun 18 12:08:23 2013
end_time     Tue Jun 18 12:10:23 2013
failed       {failed}
exit_status  {status}
ru_wallclock {wallclock}
category     -l h_rt=120
"""

BJOBS = "\n".join(
    "|".join(fields)
    for fields in (
        ("764213236", "EXIT", "TERM_RUNLIMIT: job killed after reaching LSF run time limit", "b681b4", "inewton", "1", "-", "b681b4", "8nm", "Dec 31 22:22 L", "Dec 31 21:54", "0.00% L", "Dec 31 21:53", "aiida-1033269"),
        ("764220165", "PEND", "-", "-", "inewton", "-", "4", "-", "8nm", "-", "-", "-", "Dec 31 21:55", "aiida-1033444"),
        ("764254593", "RUN", "-", "lxbsu2710:lxbsu2711", "inewton", "2", "2", "lxbsu2710:lxbsu2711", "test", "Dec 31 23:54 L", "Dec 31 22:54", "40.00% L", "Dec 31 22:50", "aiida 10|44"),
        ("764255172[3]", "USUSP", "-", "-", "inewton", "-", "1", "-", "8nm", "-", "-", "-", "Dec 31 23:13", "array[3]"),
    )
)  # fmt: skip

BJOBS_LONG = """\

Job <12>, Job Name <aiida-1>, User <user>, Project <default>, Mail <u@x>, Status
                     <{state}>, Queue <8nm>, Command <...>
Dec 31 21:54:00: Completed <exit>; {reason}: job killed.
"""
